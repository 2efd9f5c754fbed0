"""`AdamW`: the Adam optimiser whose weight decay is decoupled from the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from groklens.recipes.adam import Adam


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    Update k uses the learning rate lr · min(1, k / warmup_steps). Raises `BadArgument` for values
    that are negative, infinite or no numbers.

    >>> AdamW(lr=1e-3, weight_decay=1.0).betas
    (0.9, 0.98)
    """

    weight_decay: float = 1.0

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """torch's AdamW, fused."""
        return torch.optim.AdamW(
            parameters, self.lr, betas=self.betas, eps=self.eps, weight_decay=self.weight_decay, fused=True
        )
