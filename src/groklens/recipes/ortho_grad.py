"""`OrthoGrad`: an optimiser whose gradients lose what only scales the weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from groklens.recipes.adamw import AdamW
from groklens.recipes.around import Around, by_tensor, moving
from groklens.recipes.optimizer import Optimizer, Parameters

#: A gradient of which less than this many units of rounding lies across the weights has no direction of its own.
_ROUNDING = 8


@dataclass(frozen=True)
class OrthoGrad(Around):
    """The gradient across the weights (⊥Grad): what is along each tensor of them is taken out before another's update.

    g ← g − (w·g / w·w) · w for each parameter tensor, then scaled to the length that g had: what would only scale the
    logits up is gone. Where nothing but rounding is left, the gradient is zero, while the source scales the rounding up
    to the full length. Gradients are changed in place. Source: Prieto et al. 2025 (arXiv:2501.04697), section 5. Raises
    `BadArgument` for no optimiser inside.

    >>> OrthoGrad(AdamW(lr=1e-3, weight_decay=0.0)).weight_decay
    0.0
    """

    optimizer: Optimizer = AdamW()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        self._check_inside()

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        """The optimiser inside, which is given the gradients across the weights."""
        return self._built(parameters, _turn)


def _turn(optimizer: torch.optim.Optimizer) -> None:
    for group in optimizer.param_groups:
        for parameter in moving(group):
            assert parameter.grad is not None  # of those that move
            weights, gradient = by_tensor(group, parameter), by_tensor(group, parameter.grad)
            least = torch.finfo(gradient.dtype)
            along = _dot(weights, gradient) / _dot(weights, weights).clamp_min(least.tiny)
            across = torch.addcmul(gradient, along, weights, value=-1)
            length, left = _dot(gradient, gradient).sqrt(), _dot(across, across).sqrt()
            scale = torch.where(left > _ROUNDING * least.eps * length, length / left, 0)
            parameter.grad.copy_((across * scale).view_as(parameter.grad))


def _dot(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The products of each run's tensor with its other, run × 1."""
    return (one * other).sum(dim=1, keepdim=True)
