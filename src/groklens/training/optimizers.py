"""One torch optimiser for a stack of runs, with a parameter group per specification, and its state per run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from groklens.errors import BadArgument, described
from groklens.recipes import Optimizer


def build_optimizer(
    specs: Sequence[Any], groups: Sequence[list[nn.Parameter]], names: Sequence[str], stacked: bool
) -> torch.optim.Optimizer:
    """The torch optimiser that treats each group of parameters by its specification; all are of one kind.

    Groups of `stacked` parameters, which have an axis of runs before their own, say so: to some, tensors are one thing.
    """
    optimizer, *others = [
        spec.build(list(zip(names, group, strict=True)) if getattr(spec, "by_name", False) else group)
        for spec, group in zip(specs, groups, strict=True)
    ]
    for other in others:
        optimizer.add_param_group(other.param_groups[0])
    for group in optimizer.param_groups if stacked else ():
        group["stacked"] = True
    return optimizer


def set_learning_rate(optimizer: torch.optim.Optimizer, specs: Sequence[Optimizer], update: int) -> None:
    """Set the learning rates of update number `update` (from 1), where the specifications vary them."""
    for spec, group in zip(specs, optimizer.param_groups, strict=True):
        if hasattr(spec, "rate"):
            group["lr"] = spec.rate(update)


def optimizer_tensors(optimizer: torch.optim.Optimizer, group: int, row: int | None) -> dict[str, Tensor]:
    """One run's part of the optimiser's state, flat: `"{parameter}/{name}"`; row `row` of its group, all where None.

    Raises `BadArgument` for a state that is no number and no tensor, which a file could not hold.
    """
    return {
        f"{index}/{name}": _kept(name, value, row)
        for index, parameter in enumerate(optimizer.param_groups[group]["params"])
        for name, value in optimizer.state[parameter].items()
        if value is not None
    }


def _kept(name: str, value: Any, row: int | None) -> Tensor:
    if isinstance(value, (bool, int, float)):
        value = torch.tensor(value)
    if not isinstance(value, Tensor):
        raise BadArgument(
            f"The optimiser's state {name!r} is {described(value)}, and only numbers and tensors can be kept: a run "
            "could not be resumed from it. Use an optimiser whose state is made of those."
        )
    return value[row] if value.ndim and row is not None else value


def restore_optimizer(
    optimizer: torch.optim.Optimizer, groups: Sequence[list[dict[str, Tensor]]], whole: bool = False
) -> None:
    """Put back what `optimizer_tensors` gave, for every row of every group; `whole` where it gave all of one run."""
    state: dict[int, dict[str, Tensor]] = {}
    first = 0
    for rows, group in zip(groups, optimizer.param_groups, strict=True):
        for key in rows[0]:
            index, name = key.split("/", 1)
            values = [row[key] for row in rows]
            # The count of updates is one number for all.
            state.setdefault(first + int(index), {})[name] = (
                values[0] if whole or name == "step" else torch.stack(values)
            )
        first += len(group["params"])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
