"""`RebuiltAccuracy`: how well a model's latent algorithm answers, and how well extraction answers by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, whole_fields
from groklens.harmonics import nontrivial
from groklens.hypotheses import Circuit, rebuilt_logits
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.models import accuracy, with_weights_shuffled
from groklens.snapshots import Snapshot, copied_model, judged_by
from groklens.threads import each_beside
from groklens.value_checks import choice

#: Controls, and how they are called in pictures.
CONTROLS = {
    "": "",
    "relabelled": ", under relabelled elements",
    "shuffled": ", with weights shuffled",
    "frequencies": ", at other frequencies",
}


@dataclass(frozen=True)
class RebuiltAccuracy(Family):
    """Accuracy over all inputs of the network rebuilt from the neurons' frequencies, phases and amplitudes, in [0, 1].

    The network is `gl.interventions.rebuild`'s, of cyclic groups. Above test accuracy: these waves answer
    more than the model does, as while it still memorises; that it will come to use them does not follow, for a model
    that never generalises can stand above too. At 1/classes: the neurons hold nothing of it. Which frequencies those
    are is known from the circuit, and so from the last step of a run, at every step alike.

    `control` asks what extraction scores where there is no algorithm, as the largest of `draws` (seed 0): under
    `"relabelled"` elements; of the model with its weights `"shuffled"`, an untrained one of the same size; with as many
    `"frequencies"` outside the circuit, which a model that has not settled yet may have as well. The first two are near
    chance unless the extraction smuggles the answer in. Raises `BadArgument` where so many frequencies are not left.

    >>> RebuiltAccuracy(control="relabelled").__name__
    'rebuilt_accuracy_control_relabelled'
    """

    control: str = ""
    draws: int = 5

    @property
    def about(self) -> About:
        """Its name says which control it is."""
        source = "arXiv:2603.23784 (abstract: an MLP from extracted frequencies and phases); form and controls are ours"
        needs = ("group", "neurons", "readout", "circuit")
        return About(f"rebuilt network{CONTROLS[self.control]}", "accuracy", (0, 1), source, "all", needs)

    def __post_init__(self) -> None:
        """Refuse a control that is none."""
        choice("control", self.control, CONTROLS)
        whole_fields(self, "draws", least=1)

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> float:
        """The accuracy, or the largest of the control's draws."""
        assert circuit is not None  # `about.needs` has seen to it
        if self.control == "frequencies" and not has_others(circuit):
            raise BadArgument(
                f"{circuit!r} leaves fewer frequencies than it has, so that as many others cannot be drawn; the "
                "controls 'relabelled' and 'shuffled' need none."
            )
        if self.control == "shuffled":
            return max(_accuracy(_shuffled(snapshot, draw), circuit) for draw in range(self.draws))
        drawn = self._drawn(circuit)
        first = _accuracy(
            snapshot, *next(drawn)
        )  # what the model is run for is remembered, and it runs here alone
        return max([first, *each_beside(lambda each: _accuracy(snapshot, *each), drawn)])

    def _drawn(self, circuit: Circuit) -> Iterator[tuple[Circuit, Int[Tensor, "element"] | None]]:
        """The circuits, and renamings of the elements, that waves are taken by."""
        if not self.control:
            yield circuit, None
            return
        generator = torch.Generator().manual_seed(0)
        for _ in range(self.draws):
            order = torch.randperm(circuit.group.order, generator=generator)
            is_renamed = self.control == "relabelled"
            yield (circuit, order) if is_renamed else (_others(circuit, generator), None)


def _accuracy(snapshot: Snapshot, circuit: Circuit, order: Int[Tensor, "element"] | None = None) -> float:
    return accuracy(rebuilt_logits(snapshot, circuit, order), judged_by(snapshot.task, "all"))


def _shuffled(snapshot: Snapshot, seed: int) -> Snapshot:
    twin = copied_model(snapshot)
    return snapshot.with_model(with_weights_shuffled(twin, seed))


def _others(circuit: Circuit, generator: torch.Generator) -> Circuit:
    """As many frequencies drawn from those outside the circuit."""
    outside = [name for name in nontrivial(circuit.group) if name not in circuit.components]
    chosen = torch.randperm(len(outside), generator=generator)[: len(circuit.components)]
    return Circuit(circuit.group, [outside[i] for i in chosen.tolist()])


def has_others(circuit: Circuit) -> bool:
    """Whether as many frequencies are left outside the circuit as it has."""
    return 2 * len(circuit.components) <= len(nontrivial(circuit.group))
