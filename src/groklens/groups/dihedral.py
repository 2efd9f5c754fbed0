"""The dihedral groups D_n, the symmetries of a regular polygon."""

from __future__ import annotations

import torch

from groklens.errors import BadArgument
from groklens.groups.finite_group import FiniteGroup


def dihedral(n: int) -> FiniteGroup:
    """The dihedral group `D{n}` of order 2n, the symmetries of the n-gon.

    Element r + n·s is the rotation by r steps, composed with the reflection when s = 1:
    (r₁, s₁)(r₂, s₂) = (r₁ + (−1)^s₁ r₂, s₁ + s₂). Rotations are 0 … n−1, reflections n … 2n−1.
    Raises `BadArgument` for n < 2.

    >>> dihedral(3).table[3].tolist()
    [3, 5, 4, 0, 2, 1]
    """
    if n < 2:
        raise BadArgument(
            f"'D{n}' has no polygon: use 'D2' (the four-group) or a larger n, or 'C2' for order 2."
        )
    turn = torch.arange(n).repeat(2)
    flip = torch.arange(2).repeat_interleave(n)
    sign = 1 - 2 * flip
    turns = (turn[:, None] + sign[:, None] * turn) % n
    return FiniteGroup(f"D{n}", turns + n * ((flip[:, None] + flip) % 2))
