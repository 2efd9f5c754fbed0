"""Mutual information from counts, given a third variable or none, with its bias corrected, and its null by shuffles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from groklens.errors import BadArgument, whole_number

#: Values up to here, and four for each sample, are counted in a table of all of them.
_WIDEST = 1 << 16


def mutual_information(
    a: Int[Tensor, "sample"] | Any, b: Int[Tensor, "sample"] | Any, given: Int[Tensor, "sample"] | Any = None
) -> float:
    """The mutual information of two discrete variables from paired samples, in bits, given a third where there is one.

    I(A;B|C) = H(A,C) + H(B,C) − H(A,B,C) − H(C), each entropy that of the counts with the correction of Miller and
    Madow (1955), (cells seen − 1)/2n nats. About 0 for independent variables, and about the smaller entropy at most:
    being corrected and not clipped, it may lie a little below 0 by chance, and above the smaller entropy by the
    correction, (cells of that variable − 1)/2n nats where one tells the other (1.18 bits of a coin with itself in 4
    samples). Where there are about as many cells as samples the correction falls short: see `shuffled_within`. Values
    are whole numbers and stand for themselves. Raises `BadArgument` for samples that differ in number, or none.

    >>> coin, other, xor = [0, 0, 1, 1] * 1000, [0, 1, 0, 1] * 1000, [0, 1, 1, 0] * 1000
    >>> [abs(round(each, 3)) for each in (mutual_information(coin, other), mutual_information(coin, other, given=xor))]
    [0.0, 1.0]
    """
    one, two = codes(a), codes(b)
    third = np.zeros_like(one) if given is None else codes(given)
    if not len(one) or len(two) != len(one) or len(third) != len(one):
        raise BadArgument(
            f"There are {len(one)}, {len(two)} and {len(third)} samples; give as many of each, and at least one."
        )
    with_one = _paired(one, third)
    return (
        _entropy(with_one)
        + _entropy(_paired(two, third))
        - _entropy(_paired(with_one, two))
        - _entropy(third)
    )


def shuffled_within(
    values: Int[Tensor, "sample"] | Any, groups: Int[Tensor, "sample"] | Any = None, seed: int = 0
) -> NDArray[np.int64]:
    """The values in a random order, exchanged only among samples of equal group; all are one group where None.

    A draw of the null of `mutual_information(a, values, given=groups)`: it keeps what the groups say of the values, and
    nothing else does any more. Equal seeds give equal orders; the global random state is not used.

    >>> shuffled_within([5, 5, 7, 7], groups=[0, 0, 1, 1], seed=3).tolist()
    [5, 5, 7, 7]
    """
    found = np.asarray(values, dtype=np.int64)
    chance = np.random.default_rng(whole_number("seed", seed, 0, such_as=0)).random(len(found))
    among = np.zeros(len(found), dtype=np.int64) if groups is None else codes(groups)
    result = np.empty_like(found)
    result[np.argsort(among, kind="stable")] = found[np.lexsort((chance, among))]
    return result


def codes(values: Any) -> NDArray[np.int64]:
    """Whole numbers from 0 on for the values of a variable, equal ones for equal values."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise BadArgument(
            f"A variable has shape {array.shape} of {array.dtype}; give one whole number for each sample."
        )
    if not len(array):
        return array.astype(np.int64)
    shifted = array.astype(np.int64) - int(array.min())
    if shifted.max() > _WIDEST + 4 * len(array):
        return np.unique(array, return_inverse=True)[1].reshape(-1).astype(np.int64)
    seen = np.bincount(shifted) > 0  # many times as fast as sorting
    return (np.cumsum(seen) - 1)[shifted]


def _paired(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    return codes(one * (int(other.max()) + 1) + other)


def _entropy(coded: NDArray[np.int64]) -> float:
    """The entropy of the counts in bits, corrected."""
    counts = torch.from_numpy(np.bincount(coded)).double()
    share = counts / counts.sum()
    return float(-torch.xlogy(share, share).sum() + (len(counts) - 1) / (2 * len(coded))) / math.log(2)
