"""Reading tables of whole numbers (tokens, labels, group elements) from lists, numpy or torch, with checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.value_checks import in_bytes

#: Tokens or classes that a task may have; the largest vocabularies of language models have a million.
MOST_TOKENS = 2_000_000


def integers(name: str, values: Any, ndim: int, example: str, *, copied: bool = True) -> Tensor:
    """A table of whole numbers as an int64 tensor on the CPU, by default a copy, as the caller's may change later.

    Raises `BadArgument` for rows of different lengths, other numbers than whole ones, or another number of axes.

    >>> integers("labels", [1.0, 0.0], 1, "[1, 0]").tolist()
    [1, 0]
    """
    plain = values if isinstance(values, (Tensor, np.ndarray)) else _listed(name, values, ndim, example)
    try:
        tensor = torch.as_tensor(plain)
        if tensor.is_floating_point() and isinstance(
            plain, list
        ):  # float32, torch's choice, holds no large index
            tensor = torch.as_tensor(plain, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise BadArgument(_no_table(name, values, example)) from error
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_nested:
        raise BadArgument(
            f"{name} is a tensor without plain numbers; give a dense one on the CPU, such as {example}."
        )
    if tensor.ndim != ndim or not tensor.numel():
        raise BadArgument(f"{name} has shape {tuple(tensor.shape)}; give whole numbers such as {example}.")
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_complex() or kind.startswith(("q", "bits")):
        raise BadArgument(f"{name} is of {kind} numbers; tokens and labels are whole numbers from 0 on.")
    here = tensor.detach().cpu()
    if here.is_floating_point() and not torch.equal(here.to(torch.long).to(here.dtype), here):
        raise BadArgument(f"{name} is not all whole numbers; tokens and labels are indices from 0 on.")
    return tensor.detach().to("cpu", torch.long, copy=copied)


def _listed(name: str, values: Any, ndim: int, example: str) -> list[Any]:
    """A table of lists as nested lists of plain numbers; torch crashes on lists that are nested too deeply."""
    if not isinstance(values, (list, tuple, range)):
        raise BadArgument(f"{name}: {described(values)} is no table; give whole numbers such as {example}.")
    rows = [_row(row) for row in values] if ndim == 2 else [_row(values)]
    listed = [row for row in rows if isinstance(row, list)]
    kinds: set[type] = set().union(*(map(type, row) for row in listed))
    if ndim == 2 and rows and not listed:
        raise BadArgument(f"{name} has shape ({len(rows)},); give whole numbers such as {example}.")
    if len(listed) < len(rows) or len({len(row) for row in rows}) > 1 or not all(map(_is_of_numbers, kinds)):
        raise BadArgument(_no_table(name, values, example))
    if bool in kinds and len(kinds) > 1:  # all of them are 0 and 1; one among numbers is no number
        raise BadArgument(
            f"{name} holds True or False among numbers; tokens and labels are indices from 0 on."
        )
    return listed if ndim == 2 else listed[0]


def _row(row: Any) -> Any:
    """A row as a list of Python numbers where it holds torch ones; anything else unchanged."""
    if isinstance(row, (Tensor, np.ndarray)) and row.ndim == 1:
        return row.tolist()
    if not isinstance(row, (list, tuple, range)):
        return row
    return [one.item() if isinstance(one, Tensor) and one.ndim == 0 else one for one in row]


def _is_of_numbers(kind: type) -> bool:
    return issubclass(kind, (int, float, np.integer, np.floating, np.bool_))


def _no_table(name: str, values: Any, example: str) -> str:
    return (
        f"{name}: {described(values)} is no table of whole numbers; give every input the same number of integers, such "
        f"as {example}."
    )


def check_from_zero(inputs: Tensor, labels: Tensor | None) -> None:
    """Raise `BadArgument` where a token or a label is negative."""
    least = int(inputs.min()), 0 if labels is None else int(labels.min())
    if min(least) < 0:
        raise BadArgument(
            f"The smallest token is {least[0]} and the smallest label {least[1]}; tokens and labels are indices "
            "from 0 on."
        )


def size_of(name: str, given: Any, needed: int) -> int:
    """The number of tokens or classes: the one given, where it is large enough, else the least that is needed.

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
