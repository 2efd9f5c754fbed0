"""`Grokfast`: an optimiser whose gradients have their slow part amplified."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from groklens.recipes.adamw import AdamW
from groklens.recipes.around import Around, moving
from groklens.recipes.optimizer import Optimizer, Parameters
from groklens.value_checks import number_fields


@dataclass(frozen=True)
class Grokfast(Around):
    """The slow part of the gradient, amplified: its running mean, `gain` times, is added before another's update.

    h ← decay · h + (1 − decay) · g and g ← g + gain · h, with h at first the first gradient, as the authors' code has
    it. `gain` 0 is the optimiser inside. Of one that does not ask how long a gradient is, such as Adam, only the
    direction changes; the control is the same optimiser at (1 + gain) times the rate. Gradients are changed in place.
    Source: Lee et al. 2024 (arXiv:2405.20233), the exponential filter. Raises `BadArgument` for values that are no such
    numbers, or no optimiser inside.

    >>> Grokfast(AdamW(lr=1e-3), gain=2.0).lr
    0.001
    """

    optimizer: Optimizer = AdamW()  # noqa: RUF009 (frozen)
    decay: float = 0.98
    gain: float = 2.0

    def __post_init__(self) -> None:
        number_fields(self, "decay", least=0, below=1, such_as="0.98")
        number_fields(self, "gain", least=0, such_as="2.0")
        self._check_inside()

    def build(self, parameters: Parameters) -> torch.optim.Optimizer:
        """The optimiser inside, whose state has the running mean of gradients too."""
        begun: dict[Tensor, Tensor] = {}
        optimizer = self._built(
            parameters, lambda it: _amplify(it, begun), slow_decay=self.decay, slow_gain=self.gain
        )
        optimizer.register_step_post_hook(lambda it, *_: _keep(it, begun))
        return optimizer


def _amplify(optimizer: torch.optim.Optimizer, begun: dict[Tensor, Tensor]) -> None:
    """Move the running means on, and add them to the gradients; new ones are left in `begun`."""
    for group in optimizer.param_groups:
        parameters = list(moving(group))
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        means = []
        for parameter, gradient in zip(parameters, gradients, strict=True):
            known = optimizer.state[parameter].get("slow")
            if known is None:
                known = begun[parameter] = gradient.clone()
            means.append(known)
        torch._foreach_mul_(means, group["slow_decay"])
        torch._foreach_add_(means, gradients, alpha=1 - group["slow_decay"])
        torch._foreach_add_(gradients, means, alpha=group["slow_gain"])


def _keep(optimizer: torch.optim.Optimizer, begun: dict[Tensor, Tensor]) -> None:
    """Put new means into the state, where that of a new optimiser stands by now: it begins where it finds none."""
    for parameter in list(begun):
        optimizer.state[parameter]["slow"] = begun.pop(parameter)
