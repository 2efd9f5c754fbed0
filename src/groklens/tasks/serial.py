"""Converting tasks to JSON values and back."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup, as_group
from groklens.parts import from_spec, is_ours, know
from groklens.tasks.task import Task
from groklens.value_checks import check_fields, title


@cache
def kinds() -> dict[str, type[Task]]:
    """The task classes of groklens by the kind that their specification names."""
    shown = vars(importlib.import_module("groklens.tasks")).items()
    tasks = {name: value for name, value in shown if isinstance(value, type) and issubclass(value, Task)}
    return {name: task for name, task in sorted(tasks.items()) if not inspect.isabstract(task)}


def check_can_be_made_again(task: Task) -> None:
    """Raise `BadArgument` unless `task.spec()` makes the same examples again: a run is opened from that.

    A user's own class, also of a task within this one, is remembered for it.

    >>> check_can_be_made_again(task_from_spec({"kind": "RandomTable", "n": 5, "seed": 0}))
    """
    know(own_tasks(task))
    if task_from_spec(task.spec()).digest != task.digest:
        raise BadArgument(
            f"{task.name}, a {type(task).__name__}, is not what its spec() describes: other inputs, labels or targets "
            "come of it, so a run of it could not be opened again. Give gl.TableTask(task.inputs, task.labels)."
        )


def own_tasks(task: Task) -> list[Task]:
    """The tasks of a user's own class: this one, and those in its fields (`Corrupted(mine, 0.1)`), however deep."""
    within: list[Any] = [getattr(task, field.name) for field in fields(task)] if is_dataclass(task) else []
    deeper = [own for value in within if isinstance(value, Task) for own in own_tasks(value)]
    return deeper if is_ours(task) else [task, *deeper]


def task_from_spec(spec: dict[str, Any]) -> Task:
    """The task that `spec` (from `Task.spec()`) describes, of a kind of ours or a user's own registered one.

    Raises `BadArgument` for an unknown kind or fields that the kind does not have.

    >>> task_from_spec({"kind": "ModularArithmetic", "p": 7, "op": "add"}).name
    'a+b mod 7'
    """
    if not isinstance(spec, dict):
        raise BadArgument(
            f"A task is described by its fields, as Task.spec() gives them; found {described(spec)}."
        )
    kind, known = spec.get("kind"), kinds()
    if not isinstance(kind, str) or kind not in known:
        return from_spec(spec, known, "The task", nested=task_from_spec)
    given = {name: value for name, value in spec.items() if name != "kind"}
    check_fields(f"The task {kind} does not take these fields", given, known[kind])
    if isinstance(given.get("group"), dict):  # a group that no name stands for comes as its table
        given["group"] = _group(given["group"])
    if kind == "Corrupted":
        inner = given["task"]
        if isinstance(inner, dict) and inner.get("kind") == "Corrupted":  # however deep
            raise BadArgument("A Corrupted task is of a task that is corrupted already; corrupt it once.")
        given["task"] = task_from_spec(inner)
    return known[kind](**given)


def _group(values: dict[str, Any]) -> FiniteGroup:
    check_fields("The task's group is no group of this version", values, FiniteGroup)
    name = title("A group's name", values["name"])
    return FiniteGroup(name, as_group(values["table"]).table)
