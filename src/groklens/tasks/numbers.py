"""The number that each input of a task has as an operand, and the position at which a model has read it."""

from __future__ import annotations

from typing import Any

from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, UnknownName, described
from groklens.tasks.task import Task

#: Fewer numbers than these leave too few to fit others by.
FEWEST = 4


def numbers_of(task: Task, operand: str | Any) -> Int[Tensor, "input"]:
    """The number that every input has as an operand, by its name; `UnknownName` where the task has no such operand."""
    if not isinstance(operand, str) or operand not in task.numbers:
        known = ", ".join(map(repr, task.numbers))
        raise UnknownName(
            f"operand is {described(operand)}; {task.name} {f'has {known}' if known else 'has no numbers'}. "
            "gl.tasks.WrittenSums(tokenizer) has 'a', 'b' and 'sum'."
        )
    found = task.numbers[operand]
    if len(found.unique()) < FEWEST:
        raise BadArgument(
            f"{task.name} has {len(found.unique())} different numbers as {operand!r}; give at least {FEWEST}."
        )
    return found


def place_of(task: Task, operand: str) -> int | str:
    """The position at which a model has read an operand: its own token's, of a sum the template's end, or the last."""
    return next((name for name in (operand, "=") if name in task.token_positions), -1)
