"""Progress measures: restricted and excluded loss, and the share of the logits' variance that a circuit explains."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import chosen_basis, logit_similarity
from groklens.hypotheses import Circuit
from groklens.measures.by_component import by_component
from groklens.measures.excluded import excluded_losses
from groklens.measures.family import Family
from groklens.measures.measure import About, measure
from groklens.snapshots import Snapshot, Split, input_statistics, judged_by, logit_means
from groklens.value_checks import choice, flag_fields

_SECTION = "Nanda et al. 2023, section 5"
_NATS = (0.0, float("inf"))


@dataclass(frozen=True)
class RestrictedLoss(Family):
    """Loss with only the circuit's part of the logits, over all, train or test inputs, in nats.

    At or below the test loss where the circuit is all that generalises; log(classes) where it does nothing. The paper
    names no split, hence all inputs where none is asked for.

    Args:
        split: `"all"`, `"train"` or `"test"`.

    Raises `BadArgument` for another split, and where the split asked for is not known.

    >>> RestrictedLoss(split="test").__name__
    'restricted_loss_test'
    """

    split: Split = "all"

    def __post_init__(self) -> None:
        """Refuse a split that is none."""
        choice("split", self.split, ("all", "train", "test"))

    @property
    def about(self) -> About:
        """Its name and needs depend on the split."""
        if self.split == "all":
            source = _SECTION + "; over all inputs (the paper names no split)"
            return About("restricted loss", "nats", _NATS, source, "all", ("circuit",))
        name = f"restricted loss on {self.split} inputs"
        return About(name, "nats", _NATS, _SECTION, self.split, ("circuit", "split"))

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> float:
        """The mean loss over the split, from one row of logits per answer."""
        assert circuit is not None  # asked of `about.needs`
        losses = _restricted(snapshot, circuit, self.split)
        index = {"all": None, "train": snapshot.train_index, "test": snapshot.test_index}[self.split]
        return float((losses if index is None else losses[index]).mean())


@dataclass(frozen=True)
class ExcludedLoss(Family):
    """Train loss without the circuit's part of the logits, or without each of its components in turn, in nats.

    Equal to the train loss while the model memorises without the circuit; rises as it comes to rely on it.

    Args:
        each: one component removed at a time, as an array by `component`; else all at once, as a number.

    >>> ExcludedLoss(each=True).__name__
    'excluded_loss_each'
    """

    each: bool = False

    def __post_init__(self) -> None:
        """Refuse a flag that is none."""
        flag_fields(self, "each")

    @property
    def about(self) -> About:
        """Its name says whether one component is removed at a time."""
        if self.each:
            name, source = "excluded loss of one component", "one component removed at a time"
        else:
            name, source = "excluded loss", "all components removed at once, two directions a frequency"
        return About(name, "nats", _NATS, f"{_SECTION}; {source}", "train", ("circuit", "split"))

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> float | xr.DataArray:
        """The mean train loss, or one for each component."""
        assert circuit is not None  # asked of `about.needs`
        losses = excluded_losses(snapshot, circuit)
        if self.each:
            return by_component({name: losses[(name,)] for name in circuit.components})
        return losses[circuit.components]


restricted_loss = RestrictedLoss()
restricted_loss_train, restricted_loss_test = RestrictedLoss(split="train"), RestrictedLoss(split="test")
excluded_loss, excluded_loss_each = ExcludedLoss(), ExcludedLoss(each=True)


@measure(
    long_name="logit variance explained",
    units="share of variance",
    valid_range=(0, 1),
    source="Nanda et al. 2023, section 4.2: least squares on cos w_k(a+b−c), logits centred by one scalar",
    split="all",
    needs=("circuit",),
)
def logit_fve(snapshot: Snapshot, circuit: Circuit) -> float:
    """Share of the logits' variance explained by the circuit's characters of x∘y∘z⁻¹.

    1 when the logits are made of them alone. Accurate models can have low values, and clock and pizza both
    have high ones: it is no verdict by itself.
    """
    symmetry = circuit.symmetry(snapshot.task)
    means = logit_means(snapshot, symmetry)[:, : circuit.group.order]
    energy = input_statistics(snapshot, symmetry).energy_about_mean
    cosines = logit_similarity(means - means.mean(), energy, symmetry.group)
    return sum(cosines[name] ** 2 for name in circuit.components)


def _restricted(snapshot: Snapshot, circuit: Circuit, split: Split) -> Float[Tensor, "input"]:
    """Losses of the circuit's part of the logits plus their mean, from one row of logits per answer."""
    symmetry = circuit.symmetry(snapshot.task)
    means = logit_means(snapshot, symmetry)
    basis = chosen_basis(circuit.group, circuit.components)
    of_answer = basis @ (basis.T @ means) + means.mean(dim=0)
    return -of_answer.log_softmax(dim=1)[symmetry.products, judged_by(snapshot.task, split)]
