"""Torch optimisers from the values in `groklens.recipes`."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from groklens.recipes import SGD, AdamW


def build_optimizer(spec: AdamW | SGD, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The torch optimiser that `spec` describes, over the parameters that are trained."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if isinstance(spec, AdamW):
        return torch.optim.AdamW(
            trained, lr=spec.lr, betas=spec.betas, eps=spec.eps, weight_decay=spec.weight_decay, fused=True
        )
    return torch.optim.SGD(trained, lr=spec.lr, momentum=spec.momentum, weight_decay=spec.weight_decay)


def set_learning_rate(optimizer: torch.optim.Optimizer, spec: AdamW | SGD, update: int) -> None:
    """Set the rate of update number `update` (from 1): lr · min(1, update / warmup_steps)."""
    for group in optimizer.param_groups:
        group["lr"] = spec.lr * min(1.0, update / max(1, spec.warmup_steps))


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as a flat dictionary, `"{parameter}/{name}"`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}/{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
