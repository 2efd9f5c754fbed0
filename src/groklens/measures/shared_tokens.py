"""What words' tokens alone say of their order, and the warning where words end in the same token."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.measures.word_orders import Compared, Without, compared, on_circle
from groklens.tasks import Words


def tokens_alone(
    task: Words, frequency: int, seed: int, without: Without = None, templates: Sequence[int] | None = None
) -> Compared:
    """Shares of the variance of words' counts of tokens, in place of their states, in their order and in others.

    Counted are the tokens up to the word's last, of which the texts' own fall out with the mean. Words of one token
    each are all as unlike, so that every order gives as much; "north", "north" "east", "east" … go round by themselves.
    """
    return compared(on_circle(_counts(task), task, without, templates), task, frequency, seed)


def warn_of_shared_tokens(task: Words, stacklevel: int) -> str:
    """The words that end in one token, as text, such as `east, northeast; west, northwest`; with a warning, if any."""
    said = "; ".join(", ".join(each) for each in task.shared_tokens)
    if said:
        warnings.warn(
            f"Words end in the same token, where their states are read: {said}. Those are alike in any model, an "
            "untrained one too, so that an order in which they stand together goes round by itself; compare with "
            "attrs['orders_above_by_tokens'] of circles_by_layer, and with an untrained model.",
            stacklevel=stacklevel + 1,
        )
    return said


def _counts(task: Words) -> Float[Tensor, "input token"]:
    """How often each token stands in an input up to the word's last one, of those tokens that occur."""
    found, which = task.inputs.unique(return_inverse=True)
    read = torch.arange(task.inputs.shape[1]) <= task.word_positions[:, None]
    counts = torch.zeros(len(which), len(found), dtype=torch.float64)
    return counts.scatter_add_(1, which, read.double())
