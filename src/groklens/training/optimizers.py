"""Torch optimisers from the values in `groklens.recipes`: one optimiser, a parameter group a specification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from groklens.recipes import SGD, AdamW

Spec = AdamW | SGD


def build_optimizer(specs: Sequence[Spec], groups: Sequence[list[nn.Parameter]]) -> torch.optim.Optimizer:
    """The torch optimiser that treats each group of parameters by its specification; all are of one kind."""
    options: list[dict[str, Any]] = [
        {"params": group, "lr": spec.lr, "weight_decay": spec.weight_decay, **_own(spec)}
        for spec, group in zip(specs, groups, strict=True)
    ]
    return torch.optim.AdamW(options, fused=True) if isinstance(specs[0], AdamW) else torch.optim.SGD(options)


def set_learning_rate(optimizer: torch.optim.Optimizer, specs: Sequence[Spec], update: int) -> None:
    """Set the rates of update number `update` (from 1): lr · min(1, update / warmup_steps)."""
    for spec, group in zip(specs, optimizer.param_groups, strict=True):
        group["lr"] = spec.lr * min(1.0, update / max(1, spec.warmup_steps))


def optimizer_tensors(optimizer: torch.optim.Optimizer, group: int, row: int) -> dict[str, Tensor]:
    """One run's part of the optimiser's state, flat: `"{parameter}/{name}"`; it is row `row` of its group."""
    return {
        f"{index}/{name}": value[row] if value.ndim else value
        for index, parameter in enumerate(optimizer.param_groups[group]["params"])
        for name, value in optimizer.state[parameter].items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, groups: Sequence[list[dict[str, Tensor]]]) -> None:
    """Put back what `optimizer_tensors` gave, for every row of every group."""
    state: dict[int, dict[str, Tensor]] = {}
    first = 0
    for rows, group in zip(groups, optimizer.param_groups, strict=True):
        for key in rows[0]:
            index, name = key.split("/")
            values = [row[key] for row in rows]
            # The count of updates is one number for all.
            state.setdefault(first + int(index), {})[name] = (
                values[0] if name == "step" else torch.stack(values)
            )
        first += len(group["params"])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _own(spec: Spec) -> dict[str, Any]:
    if isinstance(spec, AdamW):
        return {"betas": spec.betas, "eps": spec.eps}
    return {"momentum": spec.momentum}
