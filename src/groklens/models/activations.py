"""Activation functions of an MLP's neurons, by name."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

MLP_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "quadratic": torch.square,
    "identity": lambda x: x,
    "gelu": torch.nn.functional.gelu,
}
