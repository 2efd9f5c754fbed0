"""The recipe that a shell asks for: from a file, a run or the name of a task, with fields set by `--set`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groklens import examples
from groklens.cli.opened import folder_of
from groklens.cli_io import read_values
from groklens.errors import BadArgument, did_you_mean
from groklens.parts import is_ours
from groklens.recipes import Recipe, changed
from groklens.tasks import Task, kinds

#: The fields of a recipe that are parts, which may be asked for by the names of their classes.
_PARTS = ("task", "model", "optimizer", "keep")
#: What a task is learned by where nothing else is said.
_MODEL = "Transformer"


def recipe_of(given: str, changes: Sequence[str], parts: Sequence[Any] = ()) -> Recipe:
    """The recipe in a JSON or TOML file or of a run, or one of a task by its name, with fields changed.

    A change is `field=value`, with a dot for fields of parts, and values as JSON has them, or else text. A part is
    replaced by the name of its kind, `optimizer=SGD`, whose own fields may follow. `parts` are a user's own classes.

    >>> recipe_of("ModularArithmetic", ["task.p=7", "model=MLP"]).task.name
    'a+b mod 7'
    """
    is_task = given in {*kinds(), *(each.__name__ for each in parts if _is_task(each))}
    values: dict[str, Any] = (
        {"task": {"kind": given}, "model": {"kind": _MODEL}} if is_task else _values_in(given)
    )
    new: set[str] = {"task", "model"} if is_task else set()
    others: dict[str, Any] = {}
    for field, value in map(_change, changes):
        part, _, inner = field.partition(".")
        if field in _PARTS and not _is_named(value):
            raise BadArgument(
                f"--set {field}={value}: a part goes by the name of its kind, and its fields follow: "
                "--set keep=Every --set keep.period=100."
            )
        if field in _PARTS and isinstance(value, str):
            values[field] = {"kind": value}
            new.add(field)
        elif part in new and inner:
            values[part][inner] = value
        else:
            others[field] = value
    return changed(Recipe.from_dict(values), others)


def _is_named(value: Any) -> bool:
    """Whether a part is said by the name of its kind, one of a user's own included, or as a file has it."""
    return isinstance(value, dict) or (isinstance(value, str) and not set(value) & set("()[] "))


def _is_task(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Task) and not is_ours(part)


def _values_in(given: str) -> dict[str, Any]:
    """A recipe's values as its file, or the header of a run, has them."""
    path = folder_of(Path(given))
    if not os.path.exists(path):
        asked = did_you_mean(given, [*kinds(), *examples.names()])
        raise BadArgument(
            f"Cannot read {path}: there is no such file, run or task; "
            f"{asked or 'give a recipe, a run, or a task that groklens tasks lists.'}"
        )
    values = read_values(path / "run.json" if os.path.isdir(path) else path)
    found = values.get("recipe", values)
    if not isinstance(found, dict):
        raise BadArgument(f"{given} holds no recipe: a recorded run has none. Use one that gl.train wrote.")
    return dict(found)


def _change(text: str) -> tuple[str, Any]:
    field, equals, value = text.partition("=")
    if not equals or not field.strip():
        raise BadArgument(
            f"--set {text} sets nothing; give a field and its value: --set optimizer.weight_decay=0.3."
        )
    try:
        return field.strip(), json.loads(value)
    except (ValueError, RecursionError):
        return field.strip(), value
