"""What callers hand in where a run, a snapshot or kept steps are meant: taken where it can only mean one thing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, described
from groklens.models import Answer
from groklens.runs.known_split import with_split
from groklens.runs.lone import LoneModel
from groklens.runs.run_like import RunLike
from groklens.runs.steps import kept_step
from groklens.snapshots import Snapshot, TrainIndex
from groklens.tasks import Task

#: A run or a snapshot, either where the other is meant, or the path of a run.
AnyRun = RunLike | Snapshot | str | Path


def as_run(
    given: AnyRun | Any,
    task: Task | None = None,
    train_index: TrainIndex | None = None,
    answer: Answer | Any = None,
) -> RunLike:
    """The run that is meant: a run, the path of one, a snapshot as a run of one step, or a model with its task.

    `train_index` says which inputs it was trained on, where the run, the file or the snapshot does not say;
    `answer` where a lone model's logits are in what it gives. Raises `BadArgument` for anything else, for a model
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
        from groklens.runs.load import load  # a path means the run that is there

        return with_split(load(given, task=task), train_index)
    if isinstance(given, (RunLike, Snapshot)):
        if task is not None and task != given.task:
            raise BadArgument(
                f"{given!r} is of the task {given.task.name}, and task= says {_task_name(task)}; leave task= out."
            )
        return with_split(LoneModel.of(given) if isinstance(given, Snapshot) else given, train_index)
    if task is not None:
        return LoneModel.of(Snapshot(given, task, train_index=train_index, answer=answer))
    raise BadArgument(_no_run(given))


def as_snapshot(given: AnyRun | Any) -> Snapshot:
    """The snapshot that is meant: a snapshot, or the last kept step of a run or of the run at a path.

    Raises `BadArgument` for anything else, or a run that has kept no step.

    >>> as_snapshot("examples/runs/mod113")  # doctest: +SKIP
    Snapshot(a+b mod 113, step 15000)
    """
    if isinstance(given, Snapshot):
        return given
    run = as_run(given)
    return run.at(kept_steps(run)[-1])


def kept_steps(run: RunLike, steps: Iterable[Any] | Any | None = None) -> list[int]:
    """Those of a run's kept steps that are asked for, ascending, once each; all without `steps`.

    Raises `BadArgument` for no step at all or for what is no step, `UnknownName` for one that was not kept.

    >>> kept_steps(run, range(0, 300, 100))  # doctest: +SKIP
    [0, 100, 200]
    """
    kept = list(run.steps)
    name = str(getattr(run, "name", run.task.name))
    if not kept:
        raise BadArgument(
            f"{name} has kept no step, so there is nothing to look at; train it further, or give one with weights."
        )
    if steps is None:
        return kept
    steps = steps.tolist() if hasattr(steps, "tolist") else steps
    wanted = list(steps) if isinstance(steps, Iterable) and not isinstance(steps, str) else [steps]
    if not wanted:
        raise BadArgument(
            f"steps is empty; give some of the kept steps, such as steps={kept[-2:]}, or leave it out."
        )
    return sorted({kept_step(f"Run {name}", kept, step) for step in wanted})


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
