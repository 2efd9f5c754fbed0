"""Random heads matched to a model's own: the same weights, turned against one another within each head."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def rotations(count: int, width: int, seed: int) -> Float[Tensor, "head d_head d_head"]:
    """Random rotations or reflections of the space within each head, float64.

    Put between two matrices of a head, one leaves the singular values of both as they are, and undoes what they have in
    common.

    >>> turn = rotations(1, 3, seed=0)[0]
    >>> bool(torch.allclose(turn @ turn.T, torch.eye(3, dtype=torch.float64)))
    True
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(count, width, width, generator=generator, dtype=torch.float64)).Q
