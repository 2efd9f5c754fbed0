"""Cyclic orders of a few things, and how much of the variance of their vectors is one frequency in each order."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import permutations

import torch
from jaxtyping import Float, Int
from torch import Tensor

#: Of more than eight things, so many random orders are looked at.
RANDOM_ORDERS = 2_000
#: The largest number of things of which all orders, (n − 1)!/2, are looked at.
ALL_UP_TO = 8


@lru_cache(maxsize=16)
def cyclic_orders(n: int, seed: int = 0) -> tuple[Int[Tensor, "order position"], bool]:
    """Cyclic orders of 0 … n−1, and whether these are all of them.

    Of eight things and fewer all (n − 1)!/2, none a rotation or mirror image of another, 0 … n−1 itself first; of more
    2,000 drawn with `seed`, 0 … n−1 not among them: of nine things one in twenty is there twice. The same tensor is
    given again: do not write to it.

    >>> [len(cyclic_orders(n)[0]) for n in (4, 7, 12)]
    [3, 360, 2000]
    """
    if n <= ALL_UP_TO:
        once = [(0, *rest) for rest in permutations(range(1, n)) if n < 3 or rest[0] < rest[-1]]
        return torch.tensor(once), True
    generator = torch.Generator().manual_seed(seed)
    # More than are needed, for those that are the order itself are left out: one in 20,160 of nine things.
    rest = torch.rand(RANDOM_ORDERS + 100, n - 1, generator=generator).argsort(dim=1) + 1
    own = torch.arange(1, n)
    is_own = (rest == own).all(dim=1) | (rest == own.flip(0)).all(dim=1)
    kept = rest[~is_own][:RANDOM_ORDERS]
    return torch.cat([torch.zeros(len(kept), 1, dtype=torch.long), kept], dim=1), False


def open_waves(n: int, frequency: int = 1) -> Float[Tensor, "position function"]:
    """The waves of n things in a line that answer to one frequency on their circle, cut open at its end; orthonormal.

    cos(πk(j + ½)/n), of the discrete cosine transform II, with k = 2f − 1 and 2f, as many as the circle has of
    frequency f: the two slowest of a line for f = 1. What lies along a line varies in them more than in the circle's.

    >>> (open_waves(7).T @ open_waves(7)).round(decimals=6).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    place = torch.arange(n, dtype=torch.float64) + 0.5
    waves = [(math.pi * k * place / n).cos() for k in (2 * frequency - 1, 2 * frequency) if k < n]
    return torch.stack(waves, dim=1) * math.sqrt(2 / n)


def shares_of_orders(
    vectors: Float[Tensor, "thing feature"],
    basis: Float[Tensor, "position function"],
    orders: Int[Tensor, "order position"],
) -> Float[Tensor, "order"]:
    """Share of the variance of things' vectors that functions on a circle hold, in every order of the things on it.

    `orders[i, p]` is the thing at position p; `basis` is orthonormal and without the constant. In [0, 1], float64; 0
    where nothing varies.

    >>> from groklens.harmonics import components
    >>> wave = components("C7")[1].basis
    >>> shares_of_orders(wave, wave, torch.arange(7)[None]).round(decimals=6).tolist()
    [1.0]
    """
    centred = vectors.double() - vectors.double().mean(dim=0)
    total = centred.square().sum()
    if not total > 0:
        return torch.zeros(len(orders), dtype=torch.float64)
    # However many features there are, n numbers a thing say all that is asked: the vectors in their own span.
    left, scale, _ = torch.linalg.svd(centred, full_matrices=False)
    position = orders.argsort(dim=1)
    return (basis[position].mT @ (left * scale)).square().sum(dim=(1, 2)) / total
