"""One recipe with some of its fields changed, those of its parts too: `optimizer.weight_decay`, `task.p`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from groklens.errors import BadArgument, described, did_you_mean
from groklens.recipes.keep import LogSpaced
from groklens.recipes.recipe import Recipe
from groklens.tasks import Task, task_from_spec


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with fields of its own, or of its parts by dotted names, changed.

    A schedule that was spaced over the whole run (`LogSpaced` without `until`) is spaced over the new one. Raises
    `BadArgument` for a field that is not there, and what the recipe and its parts raise for the values.

    >>> changed(recipe, {"seed": 1, "optimizer.weight_decay": 0.1}).optimizer.weight_decay  # doctest: +SKIP
    0.1
    """
    values: dict[str, Any] = {}
    for name, value in changes.items():
        field, _, rest = name.partition(".")
        _check_field(recipe, field, name)
        of = values.get(field, getattr(recipe, field))
        values[field] = _with(of, rest, value, name) if rest else value
    if "steps" in values and "keep" not in values and isinstance(recipe.keep, LogSpaced):
        whole = recipe.keep.until == recipe.steps
        values["keep"] = replace(recipe.keep, until=None) if whole else recipe.keep
    return replace(recipe, **values)


def _with(part: Any, field: str, value: Any, name: str) -> Any:
    """A part with one field of its own changed."""
    field, _, rest = field.partition(".")
    _check_field(part, field, name)
    new = _with(getattr(part, field), rest, value, name) if rest else value
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{field: new})
    return task_from_spec(part.spec() | {field: new})


def _check_field(of: Any, field: str, name: str) -> None:
    if is_dataclass(of) and not isinstance(of, type):
        known = [each.name for each in fields(of) if each.init]
    else:
        known = [key for key in of.spec() if key != "kind"] if isinstance(of, Task) else []
    if field not in known:
        asked = did_you_mean(field, known) or f"it has {', '.join(known) or 'no fields'}."
        raise BadArgument(
            f"{name!r} is no field of the recipe: {described(of)} has no {field!r}; {asked} Fields of parts are "
            "written with a dot, such as 'optimizer.weight_decay'."
        )
