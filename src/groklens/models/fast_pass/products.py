"""Products of float32 matrices by oneDNN, which torch brings along and asks for no such product of its own accord."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def added_product(
    added: Float[Tensor, "row output"],
    rows: Float[Tensor, "row feature"],
    weight: Float[Tensor, "output feature"],
) -> Float[Tensor, "row output"]:
    """`added` + rows · weightᵀ, of which no gradient is asked.

    torch's own products on the processor are MKL's, which leaves half of what a processor that is not Intel's can do
    undone; oneDNN writes its code for whichever it is on. Both round as float32 does, in an order of their own.

    >>> added_product(torch.ones(2, 1), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 1.0]])).tolist()
    [[4.0], [8.0]]
    """
    by_one_dnn = _one_dnn() if rows.device.type == "cpu" and rows.dtype == torch.float32 else None
    if by_one_dnn is None:
        return torch.addmm(added, rows, weight.mT)
    return by_one_dnn.binary(rows, added, weight, None, "add")


@lru_cache
def _one_dnn() -> Any:
    """torch's operator for it, which `torch.compile` uses; None of a torch without, or where MKL is not what it has."""
    is_mkl = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    return getattr(torch.ops.mkldnn, "_linear_pointwise", None) if is_mkl else None
