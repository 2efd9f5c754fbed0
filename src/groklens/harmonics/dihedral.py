"""The irreps of the dihedral groups."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics.cyclic import rotations


def irreps(n: int) -> dict[str, Float[Tensor, "element row column"]]:
    """The orthogonal matrices of every irrep of D_n (all of real type), by name; elements as in `group_named`.

    `trivial`; `sign`, +1 on rotations and −1 on reflections; for even n also `rotation_parity`, (−1)^r, and
    `rotation_parity_sign`, their product; `freq_k` for 0 < k < n/2: rotation r turns the plane by 2πkr/n, and
    a reflection mirrors it first.

    >>> list(irreps(4))
    ['trivial', 'sign', 'rotation_parity', 'rotation_parity_sign', 'freq_1']
    """
    turn = torch.arange(n)
    one = torch.ones(n, dtype=torch.float64)
    lines = {"trivial": (one, one), "sign": (one, -one)}
    if n % 2 == 0:
        parity = (1 - 2 * (turn % 2)).double()
        lines |= {"rotation_parity": (parity, parity), "rotation_parity_sign": (parity, -parity)}
    found = {name: torch.cat(halves)[:, None, None] for name, halves in lines.items()}
    mirror = torch.tensor([1.0, -1.0], dtype=torch.float64)
    for k in range(1, (n + 1) // 2):
        planes = rotations(n, k)
        found[f"freq_{k}"] = torch.cat([planes, planes * mirror])
    return found
