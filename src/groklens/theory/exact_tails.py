"""Exact probabilities of shares of a few: of so many answers by luck, and of so many of them on one side of a split."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def binomial_tail(count: int, n: int, share: float) -> float:
    """The probability that at least `count` of `n` draws hit, each by itself with the probability `share`.

    >>> round(binomial_tail(3, 3, 0.5), 6)
    0.125
    """
    if count <= 0:
        return 1.0
    if count > n or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    hits = torch.arange(count, n + 1, dtype=torch.float64)
    ways = _log_ways(n, hits) + hits * math.log(share) + (n - hits) * math.log1p(-share)
    return min(float(ways.exp().sum()), 1.0)


def hypergeometric_tail(count: int, drawn: int, marked: int, n: int) -> float:
    """The probability that at least `count` of `drawn` out of `n` are marked, where `marked` are (Fisher 1935).

    >>> round(hypergeometric_tail(2, drawn=2, marked=2, n=4), 6)
    0.166667
    """
    least, most = max(count, drawn + marked - n, 0), min(drawn, marked)
    if least > most:
        return 0.0
    hits = torch.arange(least, most + 1, dtype=torch.float64)
    ways = _log_ways(marked, hits) + _log_ways(n - marked, drawn - hits)
    return min(float((ways - _log_ways(n, torch.tensor(drawn, dtype=torch.float64))).exp().sum()), 1.0)


def least_share(count: int, n: int, level: float) -> float:
    """The least share by which `count` of `n` hits are no rarer than `level`: as Clopper and Pearson 1934.

    >>> round(least_share(10, 10, level=0.01), 3)
    0.631
    """
    low, high = 0.0, count / n
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if binomial_tail(count, n, middle) < level else (low, middle)
    return high


def _log_ways(n: int, of: Tensor) -> Tensor:
    """The logarithm of in how many ways so many of `n` are chosen."""
    return math.lgamma(n + 1) - torch.lgamma(of + 1) - torch.lgamma(n - of + 1)
