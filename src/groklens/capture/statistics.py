"""Statistics of one snapshot that circuits and measures share, computed once and kept with the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

from groklens.capture.snapshot import Snapshot
from groklens.errors import BadArgument
from groklens.harmonics import ComponentName, answer_means, logit_similarity, neuron_components
from groklens.models.loss import cross_entropy_each
from groklens.tasks import Symmetry

T = TypeVar("T")


def _once(function: Callable[[Snapshot, Symmetry], T]) -> Callable[..., T]:
    """Remember `function(snapshot, symmetry)` on the snapshot; the task's own symmetry is the default."""

    @wraps(function)
    def remembered(snapshot: Snapshot, symmetry: Symmetry | None = None) -> T:
        symmetry = symmetry or symmetry_of(snapshot)
        key = f"{function.__name__}/{symmetry.group.key}"
        if key not in snapshot.derived:
            snapshot.derived[key] = function(snapshot, symmetry)
        return snapshot.derived[key]

    return remembered


def symmetry_of(snapshot: Snapshot) -> Symmetry:
    """The symmetry of the snapshot's task; `BadArgument` where it has none."""
    if snapshot.task.symmetry is None:
        raise BadArgument(
            f"{snapshot.task.name} has no group. To look in one of your choice all the same, use "
            "gl.find_circuit(snapshot, group='C113') or a gl.Circuit of it."
        )
    return snapshot.task.symmetry


def input_losses(snapshot: Snapshot) -> Float[Tensor, "input"]:
    """Cross-entropy of every input, in nats, float64."""
    if "input_losses" not in snapshot.derived:
        snapshot.derived["input_losses"] = cross_entropy_each(snapshot.logits, snapshot.task.labels)
    return snapshot.derived["input_losses"]


@_once
def logit_means(snapshot: Snapshot, symmetry: Symmetry) -> Float[Tensor, "element answer"]:
    """Mean logits over the inputs with each answer: all that the logits say as a function of the answer."""
    return answer_means(snapshot.logits, symmetry)


@_once
def logit_similarities(snapshot: Snapshot, symmetry: Symmetry) -> dict[ComponentName, float]:
    """`harmonics.logit_similarity` of the logits centred over classes, by non-trivial component."""
    n = symmetry.group.order
    logits = snapshot.logits[:, :n].double()
    energy = float((logits - logits.mean(dim=1, keepdim=True)).square().sum())
    means = logit_means(snapshot, symmetry)[:, :n]
    return logit_similarity(means - means.mean(dim=1, keepdim=True), energy, symmetry.group)


@_once
def neuron_shares(
    snapshot: Snapshot, symmetry: Symmetry
) -> tuple[list[ComponentName], Float[Tensor, "neuron"], Float[Tensor, "component neuron"]]:
    """`harmonics.neuron_components` of the last MLP's neurons; `BadArgument` for a model without any."""
    if snapshot.neurons is None:
        raise BadArgument(f"{snapshot!r} has no MLP neurons, so none has a component.")
    return neuron_components(snapshot.neurons, symmetry)
