"""The square of both operands that pictures are drawn on, and the names of the operands' values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument
from groklens.views.drawing.labels import drawn

if TYPE_CHECKING:
    from groklens.tasks import Task


def square(task: Task) -> tuple[int, int]:
    """Number of values that both operands take; `BadArgument` where the inputs are not all pairs."""
    grid = task.grid
    if grid is None or len(grid) != 2:
        raise BadArgument(
            f"The inputs of {task.name} are not all pairs of two operands"
            f"{'' if grid is None else f' but a grid of {len(grid)}'}, so there is no square to draw."
        )
    return grid[0], grid[1]


def operand_values(task: Task, size: int) -> list[Any]:
    """Names of an operand's values; numbers where the tokens have no names."""
    names = list(task.token_names)[:size]
    return list(range(size)) if names == [str(i) for i in range(size)] else [drawn(name) for name in names]
