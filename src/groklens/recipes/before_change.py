"""What the training of a recipe was where another recipe's is otherwise, for whoever tells of a fork."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from groklens.recipes.recipe import Recipe

#: The fields that decide what an update does; the others say how long, and what is looked at and kept.
_DECIDE = ("optimizer", "loss", "train_fraction", "batch_size")


def before_change(before: Recipe, after: Recipe) -> dict[str, Any]:
    """The values of the first recipe, by dotted names, that decide its updates and are others in the second.

    A part of another kind is named by its class, `optimizer: "SGD"`, beside those of its values that the other has not;
    a task by its name.

    >>> before_change(recipe, changed(recipe, {"optimizer.weight_decay": 3.0}))  # doctest: +SKIP
    {'optimizer.weight_decay': 1.0}
    """
    ours, theirs = _values(before), _values(after)
    known = {name: value for name, value in ours.items() if name not in theirs or theirs[name] != value}
    return ({} if before.task == after.task else {"task": before.task.name}) | known


def _values(recipe: Recipe) -> dict[str, Any]:
    return {key: value for name in _DECIDE for key, value in _of(getattr(recipe, name), name).items()}


def _of(part: Any, name: str) -> dict[str, Any]:
    """A value by its name, or those of a part by dotted names, as JSON has them."""
    if is_dataclass(part) and not isinstance(part, type):
        inner = [(f"{name}.{each.name}", getattr(part, each.name)) for each in fields(part)]
        return {name: type(part).__name__} | {
            key: value for at, own in inner for key, value in _of(own, at).items()
        }
    if isinstance(part, tuple | list):
        return {name: ", ".join(map(str, part))[:80]}
    return {name: part if part is None or isinstance(part, bool | int | float | str) else type(part).__name__}
