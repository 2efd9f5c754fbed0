"""Which input positions the rows at `hook_embed` belong to, and which rows are the operands'."""

from __future__ import annotations

from typing import Any

from groklens.errors import BadArgument
from groklens.tasks import Task


def embedded_positions(model: Any, task: Task, width: int) -> tuple[int, ...]:
    """The input position that each of the `width` rows at `hook_embed` is read from.

    A transformer embeds every position. A network without attention embeds its operands alone, in their order: those
    that its `cfg.positions` names, or the task's.
    """
    own = getattr(model.cfg, "positions", None)
    if own is not None:
        return tuple(own)
    return tuple(range(task.n_ctx)) if width == task.n_ctx else task.operand_positions[:width]


def operand_rows(model: Any, task: Task, width: int) -> tuple[int, ...]:
    """Which rows at `hook_embed` are the operands'; `BadArgument` for a model that reads other positions.

    >>> from groklens.models import MLP
    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(7)
    >>> operand_rows(MLP().build(task, seed=0), task, width=2)
    (0, 1)
    """
    embedded = embedded_positions(model, task, width)
    missing = [position for position in task.operand_positions if position not in embedded]
    if missing:
        raise BadArgument(
            f"The operands of {task.name} stand at positions {', '.join(map(str, task.operand_positions))}, and this "
            f"{type(model).__name__} reads positions {', '.join(map(str, embedded))}; give a model that reads them."
        )
    return tuple(embedded.index(position) for position in task.operand_positions)
