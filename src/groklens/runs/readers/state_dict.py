"""Reader of weights for a model of the user's own: state dictionaries in any common container, one step or many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from groklens.errors import BadArgument, DamagedRun, TaskNeeded
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.containers import State
from groklens.runs.readers.lists_beside import left_beside
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.losses import columns_in, history_of, measured_in
from groklens.runs.readers.own_model import beside, filled
from groklens.runs.readers.weight_files import Opened, open_weights
from groklens.runs.run import Run
from groklens.runs.steps import COUNTED
from groklens.tasks import Task

NAME = "state_dict"
_NAMED = 8


def recognises(path: Path) -> bool:
    """Whether `path` is a file of weights, or a folder with one such file per step."""
    try:
        return open_weights(path) is not None
    except (DamagedRun, BadArgument):
        return False


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The weights as a run of the model given, each step in a copy of its own.

    Raises `BadArgument` without a model, with the names found and the lines that would open the file, and for weights
    that do not fit the model; `TaskNeeded` without a task.

    >>> read(Path("model.pt"), LoadArguments(task=task, model=model))  # doctest: +SKIP
    """
    opened = open_weights(path)
    if opened is None:
        raise DamagedRun(f"{path} holds no weights: no dictionary of names to tensors, and no list of such.")
    return into_model(opened, told or LoadArguments(), NAME)


def into_model(opened: Opened, told: LoadArguments, form: str) -> Run:
    """The run whose weights go into the user's model."""
    path = opened.path
    if told.model is None:
        raise BadArgument(
            f"{path} holds weights by names that no format here has ({some_names(opened.last)}). {how(path, told.task)}"
        )
    told.refuse(path, "config", why="takes its configuration from the model given")
    if told.task is None:
        raise TaskNeeded(
            f"{path} holds weights and not what they were trained on; say so: "
            f"gl.load({str(path)!r}, task=gl.ModularArithmetic(113, 'add'), model=model)."
        )
    models = {
        step: partial(_model, told.model, state, opened.files[step]) for step, state in opened.states.items()
    }
    models[max(models)]()  # what does not fit is said now, not at the first use
    opened = replace(opened, left_out=[*opened.left_out, *beside(told.model, opened.last)])
    return run_of(opened, told.task, models, form, {})


def run_of(
    opened: Opened, task: Task, models: Mapping[int, Callable[[], Any]], form: str, taken: Mapping[str, Any]
) -> Run:
    """The run of opened weights, with what their files say and what nobody says."""
    known = dict(opened.said)
    if opened.in_epochs:
        known[COUNTED] = "epochs"
    if opened.left_out:
        known["left out"] = opened.left_out
    if not opened.counted:
        taken = {**taken, "steps": "numbered from 0 in the order of the file, which does not say them"}
    if opened.other_step is not None:
        last = opened.files[max(opened.files)].name
        taken = {
            **taken,
            "steps": f"as the files' names count them; {last} says {opened.other_step} of itself",
        }
    name = opened.path.resolve().name if opened.path.is_dir() else opened.path.stem
    history, left_out = _history(opened)
    if left_out:
        known["left out of the history"] = left_out
    known = with_taken(known, taken)
    return foreign_run(name, task, models, form, known=known, history=history, step_known=opened.dated)


def some_names(held: Iterable[object]) -> str:
    """The first names in a file, and how many more there are.

    >>> some_names({"a": 1, "b": 2})
    'a, b'
    """
    names = [" ".join(str(name).split())[:60] for name in held]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def how(path: Path, task: Task | None = None) -> str:
    """The two lines to type that open weights of unknown names, of a task that was given or such as one."""
    spelt = "gl.ModularArithmetic(113, 'add')" if task is None else "task"
    return (
        "Make the model that they were taken from and give it: model = MyModel(…); "
        f"gl.load({str(path)!r}, task={spelt}, model=model)."
    )


def _model(model: Any, state: Callable[[], State], file: Path) -> Any:
    return filled(model, state(), file)


def _history(opened: Opened) -> tuple[xr.Dataset, list[str]]:
    """The losses of a file as a history, and the names of those beside weights that are not in it."""
    columns = (columns_in(opened.content) if opened.path.is_file() else None) or {}
    history, left_out = history_of(columns) if columns else (xr.Dataset(), [])
    kept = {name: values for name, values in measured_in(columns).items() if name not in left_out}
    return history, left_beside(opened.content, opened.last, kept)
