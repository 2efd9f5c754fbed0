"""Accepting a run, a path, a snapshot or a model wherever a run or a snapshot is meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, described
from groklens.models import Answer
from groklens.runs.in_memory import Looked
from groklens.runs.load import load
from groklens.runs.run import Run
from groklens.runs.run_like import OwnObject, RunLike
from groklens.snapshots import Snapshot, TrainIndex
from groklens.tasks import Task

#: A run or a snapshot, either where the other is meant, or the path of a run.
AnyRun = Run | RunLike | Snapshot | str | Path


def as_run(
    given: AnyRun | Any,
    task: Task | None = None,
    train_index: TrainIndex | None = None,
    answer: Answer | Any = None,
) -> Run:
    """A run from a run, the path of one, a snapshot (as a run of one step), or a model with its task.

    An object of the user's own with `task`, `steps` and `at(step)` (`RunLike`) is taken for a run too.
    `train_index` says which inputs it was trained on, where the run, the file or the snapshot does not say;
    `answer` where the logits of a model are in what it gives. Raises `BadArgument` for anything else, for a model
    without a task, for a task or a split beside a run that was trained on another, or for `answer` beside a run.

    >>> as_run("examples/runs/mod113").steps[-1]  # doctest: +SKIP
    15000
    """
    if isinstance(given, (str, Path, RunLike, Snapshot)) and answer is not None:
        raise BadArgument(
            f"answer= was given with {described(given)}, whose model is there already; give it with the model: "
            "gl.explain(model, task, answer=…), gl.Snapshot(model, task, answer=…)."
        )
    if isinstance(given, (str, Path)):
        return load(given, task=task, train_index=train_index)
    if isinstance(given, (RunLike, Snapshot)):
        if task is not None and task != given.task:
            raise BadArgument(
                f"{given!r} is of the task {given.task.name}, and task= says {_task_name(task)}; leave task= out."
            )
        return _as_run(given).with_split(train_index)
    if isinstance(given, Mapping):
        raise BadArgument(
            f"A run or a snapshot is meant here, and {described(given)} was given; of models by their steps make a "
            "run: gl.Run.of({0: model0, 100: model1}, task)."
        )
    if task is not None:
        return _as_run(Snapshot(given, task, train_index=train_index, answer=answer))
    raise BadArgument(_no_run(given))


def as_snapshot(given: AnyRun | Any) -> Snapshot:
    """A snapshot from a snapshot, or the last kept step of a run or of the run at a path.

    Raises `BadArgument` for anything else, or a run that has kept no step.

    >>> as_snapshot("examples/runs/mod113")  # doctest: +SKIP
    Snapshot(a+b mod 113, step 15000)
    """
    if isinstance(given, Snapshot):
        return given
    return as_run(given).final


def _as_run(given: Run | RunLike | Snapshot) -> Run:
    if isinstance(given, Run):
        return given
    return Run.over(Looked(given) if isinstance(given, Snapshot) else OwnObject(given))


def _task_name(task: object) -> str:
    return task.name if isinstance(task, Task) else described(task)


def _no_run(given: object) -> str:
    if hasattr(given, "run_with_cache"):
        return (
            f"A model by itself ({described(given)}) comes with no task; say what it was trained on: "
            "gl.explain(model, gl.ModularArithmetic(113, 'add')), or gl.Snapshot(model, task) for anything else."
        )
    if isinstance(given, Task):
        return (
            f"A task ({given.name}) by itself holds no model; give the model with it: gl.explain(model, task), or "
            "gl.Snapshot(model, task)."
        )
    if hasattr(given, "kept_steps"):
        return "A recipe holds no model before it is trained; train it: run = gl.train(recipe, into='runs/mine')."
    own = {"source": "its run", "final": "its last snapshot"} if hasattr(given, "findings") else {}
    hint = "".join(f" Of an explanation, .{name} is {what}." for name, what in own.items())
    return (
        f"A run or a snapshot is meant here, and {described(given)} was given. Give what gl.load or gl.train "
        f"returned, the path of a run, or a snapshot such as run.final.{hint}"
    )
