"""The real Fourier basis of a cyclic group, whatever the order of its elements."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.groups import FiniteGroup


def fourier_basis(n: int) -> Float[Tensor, "coefficient element"]:
    """The orthonormal real Fourier basis on 0 … n−1, one function per row.

    Row 0 is constant, rows 2k−1 and 2k are the cosine and sine of frequency k; when n is even the last row
    alternates in sign and has no sine beside it.

    >>> fourier_basis(5).shape
    torch.Size([5, 5])
    """
    x = torch.arange(n, dtype=torch.float64)
    rows = [torch.full((n,), n**-0.5, dtype=torch.float64)]
    for k in range(1, (n + 1) // 2):
        angle = 2 * math.pi * (k * x % n) / n  # reduced first, so that large k x lose no digits
        rows += [torch.cos(angle) * (2 / n) ** 0.5, torch.sin(angle) * (2 / n) ** 0.5]
    if n % 2 == 0:
        rows.append(torch.cos(math.pi * x) * n**-0.5)
    return torch.stack(rows)


def rotations(n: int, k: int) -> Float[Tensor, "element row column"]:
    """The real irrep of frequency `k` on 0 … n−1 under addition: x rotates the plane by 2πkx/n.

    A single ±1 where there is no plane: k = 0, and k = n/2 for even n.

    >>> rotations(4, 2).flatten().tolist()
    [1.0, -1.0, 1.0, -1.0]
    """
    angle = 2 * math.pi * (k * torch.arange(n) % n).double() / n  # reduced first: large k x lose no digits
    if 2 * k % n == 0:
        return angle.cos().round()[:, None, None]
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cos, -sin], dim=1), torch.stack([sin, cos], dim=1)], dim=1)


def discrete_log(group: FiniteGroup) -> Int[Tensor, "element"] | None:
    """The exponent of each element as a power of the least generator; None for a group that is not cyclic.

    With logarithms as coordinates every cyclic group is addition mod n: for C{n} in its usual order they are
    0 … n−1, for the non-zero residues mod p they are discrete logarithms to the least primitive root.
    """
    n = group.order
    candidates = [1 % n, *range(n)]  # 1 generates C_n in its usual order: keep it the first choice
    for generator in candidates:
        logs = torch.full((n,), -1)
        element = group.identity
        for exponent in range(n):
            if logs[element] >= 0:
                break
            logs[element] = exponent
            element = int(group.table[element, generator])
        if (logs >= 0).all():
            return logs
    return None
