"""What optimisers share that change gradients before another optimiser uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from groklens.errors import BadArgument, described
from groklens.parts import is_ours
from groklens.recipes.optimizer import Optimizer, Parameters

#: What is done to the gradients of an optimiser that is about to make an update.
Change = Callable[[torch.optim.Optimizer], None]


class Around:
    """A specification around that of another optimiser: it changes the gradients, the other makes the update.

    Rates are the other's, and so are names of parameters where it asks for them.
    """

    optimizer: Optimizer

    @property
    def lr(self) -> float:
        """The learning rate of the optimiser inside."""
        return self.optimizer.lr  # type: ignore[attr-defined]  # missing where that has none: so is ours

    @property
    def weight_decay(self) -> float:
        """The weight decay of the optimiser inside."""
        return self.optimizer.weight_decay  # type: ignore[attr-defined]

    @property
    def rate(self) -> Callable[[int], float]:
        """The learning rate of an update, which is that of the optimiser inside."""
        return self.optimizer.rate  # type: ignore[attr-defined]

    @property
    def by_name(self) -> bool:
        """Whether the optimiser inside is built from named parameters."""
        return getattr(self.optimizer, "by_name", False)

    def _check_inside(self) -> None:
        """Raise `BadArgument` unless there is an optimiser inside, and none of this kind already."""
        inside, kind = self.optimizer, type(self).__name__
        if isinstance(inside, type) or not isinstance(inside, Optimizer) or _is_another_part(inside):
            raise BadArgument(
                f"The optimizer within {kind} is {described(inside)}; give a value that describes one, such as "
                f"{kind}(gl.AdamW(lr=1e-3))."
            )
        while isinstance(inside, Around):
            if type(inside) is type(self):
                raise BadArgument(f"There is a {kind} within a {kind}; one is enough.")
            inside = inside.optimizer

    def _built(self, parameters: Parameters, change: Change, **settings: Any) -> torch.optim.Optimizer:
        """The optimiser inside, with what the change is to know in its groups, where stacks keep a run's own."""
        inside: Any = self.optimizer  # which says itself whether it takes names
        optimizer: torch.optim.Optimizer = inside.build(parameters)
        for group in optimizer.param_groups:
            group.update(settings)
        before_each_step(optimizer, change)
        return optimizer


def before_each_step(optimizer: torch.optim.Optimizer, change: Change) -> None:
    """Have a change made to the gradients at every step of an optimiser, before those that it makes already.

    Of a step that is given a closure the gradients come from the closure: the change is made after each call of it.
    """
    changes: list[Change] | None = getattr(optimizer, "changes_of_gradients", None)
    if changes is None:
        changes = optimizer.changes_of_gradients = []  # type: ignore[attr-defined]
        optimizer.register_step_pre_hook(partial(_before, changes))
    changes.insert(0, change)


def moving(group: dict[str, Any]) -> Iterator[nn.Parameter]:
    """The parameters of a group that have a gradient."""
    return (parameter for parameter in group["params"] if parameter.grad is not None)


def by_tensor(group: dict[str, Any], values: Tensor) -> Tensor:
    """A parameter or its gradient as (run, number), a row for every run of a stack; one row elsewhere."""
    return values.reshape(len(values) if group.get("stacked") else 1, -1)


def _before(
    changes: list[Change], optimizer: Any, given: Any, named: Any
) -> tuple[Any, dict[str, Any]] | None:
    """Change the gradients that are there, or have the closure's changed; `given` is the optimiser, and a closure."""
    closure = given[1] if len(given) > 1 else named.get("closure")
    if closure is None:
        _change_all(optimizer, changes)
        return None

    def changed() -> Any:
        loss = closure()
        _change_all(optimizer, changes)
        return loss

    rest = {name: value for name, value in named.items() if name != "closure"}
    return (given[0], changed, *given[2:]), rest


@torch.no_grad()
def _change_all(optimizer: torch.optim.Optimizer, changes: list[Change]) -> None:
    for change in changes:
        change(optimizer)


def _is_another_part(value: object) -> bool:
    """Whether a part of ours that is built is no optimiser: a model has that verb too."""
    return is_ours(value) and not type(value).__module__.startswith("groklens.recipes")
