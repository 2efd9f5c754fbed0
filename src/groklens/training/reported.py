"""What a user's loop reports of a step, and what is recorded of the model beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, described, is_number
from groklens.models import accuracy, cross_entropy_each
from groklens.snapshots import Snapshot, Split, judged_by, scores


@dataclass
class Reported:
    """The last step that the loop reported, with the weights that it had then and the loop's own loss."""

    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    own: dict[str, float] = field(default_factory=dict)
    due: bool = False


def one_number(loss: Any) -> float:
    """One real number, whoever made it; `BadArgument` for anything else."""
    value = loss.detach() if isinstance(loss, Tensor) else loss
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value)
    if is_number(value):
        return float(value)
    raise BadArgument(
        f"loss is {described(loss)}; give one real number, such as loss=loss.item() or a tensor of one element."
    )


def losses_and_accuracies(snapshot: Snapshot) -> dict[str, float]:
    """Loss and accuracy on train and test inputs; nothing without a split or finite logits.

    What `snapshots.scores` says, without the statistics of a group beside it: the user's loop waits.
    """
    task = snapshot.task
    splits: dict[Split, Tensor | None] = {"train": snapshot.train_index, "test": snapshot.test_index}
    row: dict[str, float] = {}
    for name, index in splits.items():
        if index is None or not len(index):
            continue
        try:
            logits, outside = snapshot.logits[index], snapshot.outside[index]
        except BadArgument:
            return {}  # the model has diverged: the loop's business, and its weights are still kept
        if len(task.reads) > 1:
            found = scores(snapshot, name)
            row |= {f"{name}_loss": found.loss, f"{name}_accuracy": found.accuracy}
            continue
        wanted = judged_by(task, name)[index]
        row[f"{name}_loss"] = float(cross_entropy_each(logits, wanted).mean())
        row[f"{name}_accuracy"] = accuracy(logits, wanted, outside)
    return row
