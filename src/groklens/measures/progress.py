"""Progress measures: restricted and excluded loss, and the share of the logits' variance that a circuit explains."""

from __future__ import annotations

import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import chosen_basis, logit_similarity
from groklens.hypotheses import Circuit
from groklens.measures.by_component import by_component
from groklens.measures.excluded import excluded_losses
from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, Split, input_statistics, judged_by, logit_means

_SECTION = "Nanda et al. 2023, section 5"
_NATS = (0.0, float("inf"))


@measure(
    long_name="restricted loss",
    units="nats",
    valid_range=_NATS,
    source=_SECTION + "; over all inputs (the paper names no split)",
    split="all",
    needs=("circuit",),
)
def restricted_loss(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss with only the circuit's part of the logits, over all inputs, in nats.

    At or below the test loss where the circuit is all that generalises; log(classes) where it does nothing.
    """
    return float(_restricted(snapshot, circuit, "all").mean())


@measure(
    long_name="restricted loss on train inputs",
    units="nats",
    valid_range=_NATS,
    source=_SECTION,
    split="train",
    needs=("circuit", "split"),
)
def restricted_loss_train(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss with only the circuit's part of the logits, over the train inputs, in nats."""
    return float(_restricted(snapshot, circuit, "train")[snapshot.train_index].mean())


@measure(
    long_name="restricted loss on test inputs",
    units="nats",
    valid_range=_NATS,
    source=_SECTION,
    split="test",
    needs=("circuit", "split"),
)
def restricted_loss_test(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss with only the circuit's part of the logits, over the test inputs, in nats."""
    return float(_restricted(snapshot, circuit, "test")[snapshot.test_index].mean())


@measure(
    long_name="excluded loss",
    units="nats",
    valid_range=_NATS,
    source=_SECTION + "; all components removed at once, two directions a frequency",
    split="train",
    needs=("circuit", "split"),
)
def excluded_loss(snapshot: Snapshot, circuit: Circuit) -> float:
    """Train loss without the circuit's part of the logits, in nats.

    Equal to the train loss while the model memorises without the circuit; rises as it comes to rely on it.
    """
    return excluded_losses(snapshot, circuit)[circuit.components]


@measure(
    long_name="excluded loss of one component",
    units="nats",
    valid_range=_NATS,
    source=_SECTION + "; one component removed at a time",
    split="train",
    needs=("circuit", "split"),
)
def excluded_loss_each(snapshot: Snapshot, circuit: Circuit) -> xr.DataArray:
    """Train loss without each of the circuit's components in turn (component), in nats."""
    losses = excluded_losses(snapshot, circuit)
    return by_component({name: losses[(name,)] for name in circuit.components})


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
