"""Checking and applying the train/test split that a user gives for a run that does not know its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.claims import percent
from groklens.errors import BadArgument
from groklens.snapshots import TrainIndex, split_index

if TYPE_CHECKING:
    from groklens.runs.run import Run


def user_split(run: Run, train_index: TrainIndex) -> Int[Tensor, "train"] | None:
    """The user's train inputs as indices; None where they are the run's own.

    Raises `BadArgument` for what is no split of the task, and for another one than the run's own.
    """
    index = split_index(train_index, len(run.task.labels))
    own, share = run.train_index, run.train_share
    if share is not None and abs(share * len(run.task.labels) - len(index)) > 1:
        raise BadArgument(
            f"{run!r} says that {percent(share)} of its inputs were trained on, and train_index= names "
            f"{percent(len(index) / len(run.task.labels))}; give the split that it was trained on."
        )
    if own is None:
        return index
    if torch.equal(own, index):
        return None
    raise BadArgument(
        f"{run!r} says itself that it was trained on {len(own)} inputs, and train_index= names {len(index)} "
        f"({len(set(own.tolist()) & set(index.tolist()))} of them the same); leave train_index= out."
    )
