"""`SGD`: stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from groklens.recipes.optimizer import WarmedUp
from groklens.value_checks import number_fields


@dataclass(frozen=True, kw_only=True)
class SGD(WarmedUp):
    """Stochastic gradient descent with momentum and coupled weight decay, as in torch.

    Update k uses the learning rate lr · min(1, k / warmup_steps). Raises `BadArgument` for values
    that are negative, infinite or no numbers.

    >>> SGD(lr=0.1).momentum
    0.0
    """

    lr: float = 0.1
    weight_decay: float = 0.0
    momentum: float = 0.0
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        number_fields(self, "momentum", least=0, below=1, such_as="0.9")
        self._check()

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """torch's SGD."""
        return torch.optim.SGD(parameters, self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
