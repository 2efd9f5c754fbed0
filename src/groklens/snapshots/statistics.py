"""Statistics of a snapshot that hypotheses and measures share, such as mean logits per answer, computed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import Symmetry, plain
from groklens.harmonics import ComponentName, inputs_an_answer, logit_similarity
from groklens.snapshots.input_statistics import InputStatistics
from groklens.snapshots.memo import once_per_snapshot
from groklens.snapshots.snapshot import Snapshot

T = TypeVar("T")


def _of_own_symmetry(function: Callable[[Snapshot, Symmetry], T]) -> Callable[..., T]:
    """Decorator that computes `function(snapshot, symmetry)` once per snapshot; the task's symmetry is the default."""

    @wraps(function)
    def remembered(snapshot: Snapshot, symmetry: Symmetry | None = None) -> T:
        return snapshot.remembered(function, symmetry or symmetry_of(snapshot))

    return remembered


def symmetry_of(snapshot: Snapshot) -> Symmetry:
    """The symmetry of the snapshot's task; `BadArgument` where there is none, or its group acts on a part only."""
    if snapshot.task.symmetry is None:
        raise BadArgument(
            f"{snapshot.task.name} has no group. To look in one of your choice all the same, use "
            "gl.find_circuit(snapshot, group='C113') or a gl.Circuit of it."
        )
    return plain(snapshot.task.symmetry, snapshot.task.name)


@once_per_snapshot
def input_statistics(snapshot: Snapshot, symmetry: Symmetry | None) -> InputStatistics:
    """The snapshot's `InputStatistics` under `symmetry`; losses alone under None, or where its group acts on a part."""
    return InputStatistics(snapshot, symmetry if symmetry is not None and symmetry.is_plain else None)


@_of_own_symmetry
def logit_means(snapshot: Snapshot, symmetry: Symmetry) -> Float[Tensor, "element answer"]:
    """Mean logits over the inputs with each answer: the logits as a function of the answer alone."""
    return input_statistics(snapshot, symmetry).sums / inputs_an_answer(symmetry)


@_of_own_symmetry
def logit_similarities(snapshot: Snapshot, symmetry: Symmetry) -> dict[ComponentName, float]:
    """`harmonics.logit_similarity` of the logits centred over classes, by non-trivial component."""
    means = logit_means(snapshot, symmetry)[:, : symmetry.group.order]
    centred = means - means.mean(dim=1, keepdim=True)
    return logit_similarity(centred, input_statistics(snapshot, symmetry).energy, symmetry.group)


@_of_own_symmetry
def neuron_shares(
    snapshot: Snapshot, symmetry: Symmetry
) -> tuple[list[ComponentName], Float[Tensor, "neuron"], Float[Tensor, "component neuron"]]:
    """`GridPower.shares` of the last MLP's neurons; `BadArgument` for a model without any."""
    power = input_statistics(snapshot, symmetry).neurons
    if power is None:
        raise BadArgument(f"No neuron has a component: {snapshot.anatomy.no_neurons_in(snapshot)}.")
    return power.shares()
