"""Statistics of one snapshot that circuits and measures share, computed once and kept with the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import Symmetry
from groklens.harmonics import ComponentName, inputs_an_answer, logit_similarity
from groklens.models import accuracy, cross_entropy_each
from groklens.snapshots.looked_for import no_neurons
from groklens.snapshots.snapshot import Snapshot
from groklens.snapshots.tally import Tally

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


def tally(snapshot: Snapshot, symmetry: Symmetry | None) -> Tally:
    """The snapshot's `Tally` by `symmetry`; the task's own has what every measure without a circuit asks."""
    key = f"tally/{symmetry.group.key if symmetry else None}"
    if key not in snapshot.derived:
        snapshot.derived[key] = Tally(snapshot, symmetry)
    return snapshot.derived[key]


def input_losses(snapshot: Snapshot) -> Float[Tensor, "input"]:
    """Cross-entropy of every input over the task's classes, in nats, float64."""
    return tally(snapshot, snapshot.task.symmetry).losses


def train_scores(snapshot: Snapshot) -> tuple[Float[Tensor, "train"], Bool[Tensor, "train"]]:
    """Cross-entropy of every train input over the task's classes, in nats, and whether it is answered as trained.

    Both are against its target; an input whose largest logit is no class of the task's is not answered.
    """
    task, known = snapshot.task, tally(snapshot, snapshot.task.symmetry)
    if not task.is_corrupted:
        return known.losses[snapshot.train_index], known.right[snapshot.train_index]
    losses, right = [], []
    for rows, logits in known.train_rows(snapshot):
        losses.append(cross_entropy_each(logits, task.targets[rows]))
        right.append((logits.argmax(dim=1) == task.targets[rows]) & ~known.outside[rows])
    return torch.cat(losses), torch.cat(right)


def inputs_right(snapshot: Snapshot) -> Bool[Tensor, "input"]:
    """Whether the largest logit of every input, over all the model's classes, is its label's."""
    return tally(snapshot, snapshot.task.symmetry).right


def answered_right(snapshot: Snapshot, logits: Float[Tensor, "input answer"]) -> float:
    """Accuracy over all inputs if the task's logits were these; what is answered outside of its classes is wrong."""
    return accuracy(logits, snapshot.task.labels, snapshot.outside)


@_once
def logit_means(snapshot: Snapshot, symmetry: Symmetry) -> Float[Tensor, "element answer"]:
    """Mean logits over the inputs with each answer: all that the logits say as a function of the answer."""
    return tally(snapshot, symmetry).sums / inputs_an_answer(symmetry)


@_once
def logit_similarities(snapshot: Snapshot, symmetry: Symmetry) -> dict[ComponentName, float]:
    """`harmonics.logit_similarity` of the logits centred over classes, by non-trivial component."""
    means = logit_means(snapshot, symmetry)[:, : symmetry.group.order]
    centred = means - means.mean(dim=1, keepdim=True)
    return logit_similarity(centred, tally(snapshot, symmetry).energy, symmetry.group)


@_once
def neuron_shares(
    snapshot: Snapshot, symmetry: Symmetry
) -> tuple[list[ComponentName], Float[Tensor, "neuron"], Float[Tensor, "component neuron"]]:
    """`GridPower.shares` of the last MLP's neurons; `BadArgument` for a model without any."""
    power = tally(snapshot, symmetry).neurons
    if power is None:
        raise BadArgument(f"No neuron has a component: {no_neurons(snapshot)}.")
    return power.shares()
