"""Tables of tokens, labels and elements of a group, from whoever wrote them down: whole numbers from 0 on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.values import in_bytes

#: Tokens or classes that a task may have; the largest vocabularies of language models have a million.
MOST_TOKENS = 2_000_000


def integers(name: str, values: Any, ndim: int, example: str, *, copied: bool = True) -> Tensor:
    """A table of whole numbers as int64 on the CPU, by default a copy: the caller's own may change later.

    Raises `BadArgument` for rows of different lengths, other numbers than whole ones, or another number of axes.

    >>> integers("labels", [1.0, 0.0], 1, "[1, 0]").tolist()
    [1, 0]
    """
    own = isinstance(values, (Tensor, np.ndarray))
    if not own and not isinstance(values, (list, tuple)):
        raise BadArgument(f"{name}: {described(values)} is no table; give whole numbers such as {example}.")
    try:
        tensor = torch.as_tensor(values)
        if tensor.is_floating_point() and not own:  # float32, torch's own choice, holds no large index
            tensor = torch.as_tensor(values, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError, RecursionError) as error:
        raise BadArgument(
            f"{name}: {described(values)} is no table of whole numbers; give every input the same number of integers, "
            f"such as {example}."
        ) from error
    if tensor.ndim != ndim or not tensor.numel():
        raise BadArgument(f"{name} has shape {tuple(tensor.shape)}; give whole numbers such as {example}.")
    _check_numbers(name, values, tensor, own)
    return tensor.detach().to("cpu", torch.long, copy=copied)


def _check_numbers(name: str, values: Any, tensor: Tensor, own: bool) -> None:
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_complex() or kind.startswith(("q", "bits")):
        raise BadArgument(f"{name} is of {kind} numbers; tokens and labels are whole numbers from 0 on.")
    plain = tensor.detach().cpu()
    if tensor.is_floating_point() and not torch.equal(plain.to(torch.long).to(plain.dtype), plain):
        raise BadArgument(f"{name} is not all whole numbers; tokens and labels are indices from 0 on.")
    # All truth values are 0 and 1; one among numbers is no number.
    if not own and tensor.dtype != torch.bool and _holds_truth(values):
        raise BadArgument(
            f"{name} holds True or False among numbers; tokens and labels are indices from 0 on."
        )


def _holds_truth(values: Any) -> bool:
    if isinstance(values, (list, tuple)):
        return any(isinstance(value, bool) or _holds_truth(value) for value in values)
    return False


def check_from_zero(inputs: Tensor, labels: Tensor | None) -> None:
    """Raise `BadArgument` where a token or a label is negative."""
    least = int(inputs.min()), 0 if labels is None else int(labels.min())
    if min(least) < 0:
        raise BadArgument(
            f"The smallest token is {least[0]} and the smallest label {least[1]}; tokens and labels are indices "
            "from 0 on."
        )


def size_of(name: str, given: Any, needed: int) -> int:
    """A number of tokens or classes: the one given, where it is large enough and can be, else what is needed.

    >>> size_of("d_vocab", None, 5), size_of("d_vocab", 7, 5)
    (5, 7)
    """
    size = needed if given is None else whole_number(name, given, 1, such_as=needed)
    if size < needed:
        raise BadArgument(f"{name} is {size}, but the table uses {needed - 1}; give at least {needed}.")
    if size > MOST_TOKENS:
        raise BadArgument(
            f"{name} is {size:,}: a row of 128 float32 weights for each takes {in_bytes(size * 512)} of memory; use at "
            f"most {MOST_TOKENS:,}, and number the tokens from 0 on without gaps."
        )
    return size
