"""Train indices from whatever a user writes a split as, indices or a boolean mask, and the test indices they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.tasks import Task

#: Indices of inputs, or a boolean mask over them.
TrainIndex = Tensor | np.ndarray | Sequence[int] | Sequence[bool]


def split_of(task: Task, given: TrainIndex | None) -> Int[Tensor, " train"] | None:
    """Which of the task's inputs were trained on, where that was given; `BadArgument` of a stream, which has none."""
    if given is None:
        return None
    if task.is_stream:
        raise BadArgument(
            f"{task.name} is a stream: every update has fresh examples, and all of its probe is test; leave "
            "train_index out."
        )
    index = split_index(given, len(task.labels))
    task.check_split(index)
    return index


def split_index(given: TrainIndex, n_inputs: int) -> Int[Tensor, " train"]:
    """Sorted train indices from indices or a boolean mask; `BadArgument` for anything that is not a split.

    >>> split_index([True, False, True], 3).tolist()
    [0, 2]
    """
    try:
        index = torch.as_tensor(given).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadArgument(
            f"train_index is {described(given)}; give the indices of the inputs trained on, or a boolean mask "
            f"over the task's {n_inputs} inputs, such as task.split(0.3, seed=0)[0]."
        ) from error
    if index.dtype == torch.bool:
        index = _where(index, n_inputs)
    if index.ndim != 1 or not len(index) or index.is_floating_point():
        raise BadArgument(
            f"train_index has shape {tuple(index.shape)} and type {index.dtype}; give a flat list of at "
            f"least one integer from 0 to {n_inputs - 1}, or a boolean mask over the inputs."
        )
    index = index.long().sort().values
    if index[0] < 0 or index[-1] >= n_inputs:
        raise BadArgument(
            f"train_index runs from {int(index[0])} to {int(index[-1])}; the task has inputs 0 to "
            f"{n_inputs - 1}."
        )
    repeated = index[1:][index[1:] == index[:-1]]
    if len(repeated) and len(index) == n_inputs and index[-1] <= 1:
        raise BadArgument(
            f"train_index holds {n_inputs} numbers, all of them 0 or 1, as a mask does; give it as booleans: "
            "torch.as_tensor(train_index).bool()."
        )
    if len(repeated):
        raise BadArgument(
            f"train_index holds {int(repeated[0])} more than once; give every input trained on once "
            "(torch.unique(train_index) does that)."
        )
    return index


def held_out(task: Task, train_index: Int[Tensor, " train"] | None) -> Int[Tensor, " test"] | None:
    """The inputs that were not trained on, all of a stream's probe; None where the split is not known."""
    if task.is_stream:
        return torch.arange(len(task.labels))
    if train_index is None:
        return None
    left = torch.ones(len(task.labels), dtype=torch.bool)
    left[train_index] = False
    return torch.nonzero(left)[:, 0]


def _where(mask: Tensor, n_inputs: int) -> Tensor:
    if mask.shape != (n_inputs,):
        raise BadArgument(
            f"train_index is a mask of shape {tuple(mask.shape)}; a mask needs one entry per input, "
            f"({n_inputs},)."
        )
    return torch.nonzero(mask)[:, 0]
