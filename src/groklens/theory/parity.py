"""What the first gradient of a parity tells: the Fourier coefficients of majority, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number


def majority_coefficient(n: int, size: int) -> float:
    """Fourier coefficient of the majority of n bits ±1 (n odd) at a set of `size` of them: E[Maj(x) Π xᵢ].

    It depends on the set by its size j alone, is 0 for even j, and for odd j
    (−1)^((j−1)/2) C((n−1)/2, (j−1)/2)/C(n−1, j−1) · C(n−1, (n−1)/2)/2^(n−1) (O'Donnell, Analysis of Boolean Functions,
    Theorem 5.19): it falls as sets grow, up to half of n. Raises `BadArgument` for an even n or a size above it.

    >>> majority_coefficient(3, 1), majority_coefficient(3, 3)
    (0.5, -0.5)
    """
    n, size = whole_number("n", n, 1, such_as=21), whole_number("size", size, 0, such_as=3)
    if n % 2 == 0 or size > n:
        raise BadArgument(f"n is {n} and size {size}; give an odd number of bits, and a set of them.")
    if size % 2 == 0:
        return 0.0
    half, chosen = (n - 1) // 2, (size - 1) // 2
    return (-1) ** chosen * comb(half, chosen) / comb(n - 1, size - 1) * comb(n - 1, half) / 2 ** (n - 1)


def parity_gap(n: int, k: int) -> float:
    """Fourier gap of majority at a set of k of n bits: |coefficient| of one bit less, less that of one bit more.

    By it the first population gradient tells a hidden bit from any other, for a neuron of weights ±1 without a bias
    (Barak et al. 2022, arXiv:2207.08799 §4): Θ(n^(−(k−1)/2)) for even k, and 0 for odd k, which needs a bias.
    Raises `BadArgument` for an even n, or k that is not below n.

    >>> round(parity_gap(21, 2), 3), round(parity_gap(21, 4), 4), parity_gap(21, 3)
    (0.167, 0.0076, 0.0)
    """
    if whole_number("k", k, 1, such_as=4) >= n:
        raise BadArgument(f"k is {k}, of n = {n} bits; the gap is against a set of one bit more.")
    return abs(majority_coefficient(n, k - 1)) - abs(majority_coefficient(n, k + 1))


def initial_parity_gradient(
    weights: Float[Tensor, "bit"] | Sequence[float], hidden: Sequence[int]
) -> Float[Tensor, "bit"]:
    """Population gradient of the correlation loss −χ(x) relu(w·x) by w, for the parity χ of the hidden bits, float64.

    Bits are ±1, uniform; the n weights, n odd, are ±1, and there is no bias. At bit i it is −½ of the coefficient of
    sign(w·x), the majority of the bits wᵢxᵢ, at the hidden set without i where i is hidden, and with i where it is not:
    majority's at that size times the weights' signs there (Barak et al. 2022, §4). For one hidden bit a further −½ at
    it, of relu's mean slope. Raises `BadArgument` for other weights, or hidden bits that are none of them.

    >>> initial_parity_gradient([1.0, 1.0, -1.0], hidden=[0, 1])
    tensor([-0.2500, -0.2500, -0.2500], dtype=torch.float64)
    """
    w = torch.as_tensor(weights, dtype=torch.float64)
    n = len(w) if w.ndim == 1 else 0
    if n % 2 == 0 or not bool((w.abs() == 1).all()):
        raise BadArgument(f"weights are {described(weights)}; give an odd number of them, each 1 or −1.")
    bits = sorted({whole_number("a hidden bit", each, 0, such_as=1) for each in hidden})
    if len(bits) < len(hidden) or not bits or bits[-1] >= n:
        raise BadArgument(f"hidden is {described(hidden)}; give some of the bits 0 to {n - 1}, each once.")
    k, signs = len(bits), w[bits].prod()  # multiplied by w_i, the sign of the set without or with i
    is_hidden = torch.zeros(n, dtype=torch.bool)
    is_hidden[bits] = True
    without = majority_coefficient(n, k - 1)
    beyond = majority_coefficient(n, k + 1) if k < n else 0.0
    gradient = -0.5 * torch.where(is_hidden, without, beyond) * signs * w
    return gradient - 0.5 * is_hidden.double() if k == 1 else gradient
