"""`gl.train` and `gl.train_many`: training recipes into folders, reproducible to the bit across interruptions."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch

from groklens.errors import BadArgument, TrainingDiverged, described
from groklens.models import allocating, describe_model
from groklens.recipes import Recipe
from groklens.runs import (
    FolderLock,
    Header,
    ResumeState,
    Run,
    RunPaths,
    RunWriter,
    Written,
    as_path,
    check_place,
    damaged,
    environment,
)
from groklens.tasks import check_can_be_made_again
from groklens.threads import plain_torch, threads_for
from groklens.training.cuda_graph import stack_on
from groklens.training.loop import Diverged, run_loop
from groklens.training.options import Options, steps_of
from groklens.training.replay_writer import Ghost
from groklens.training.resume_recording import clear_later
from groklens.training.side_by_side import flushed_to_the_disk, side_by_side
from groklens.training.stack import Stack
from groklens.training.stopping import OnEvaluate, StopWhen
from groklens.training.training_plan import (
    Plan,
    drop_spent_states,
    existing,
    is_finished,
    plan_alone,
    plan_next,
    state_file,
)
from groklens.training.watching import Watch

log = logging.getLogger("groklens")


def train(
    recipe: Recipe,
    into: str | Path,
    *,
    device: str = "cpu",
    progress: bool | None = None,
    resume_every: float = 30.0,
    on_evaluate: OnEvaluate | Any = None,
    stop_when: StopWhen | Any = None,
    keep_optimizer: Iterable[int] | None = (),
) -> Run:
    """Train `recipe` into the folder `into`; resume an unfinished run there, return a finished one.

    Train loss is recorded every step (of the batch, where there are batches), test loss and accuracies
    every `recipe.evaluate_every` steps. A resume state at most `resume_every` seconds old holds the
    optimiser: after a kill at any moment the same call goes on and ends with the same bits as an
    uninterrupted run on the same machine, versions and number of threads. Steps of fewer than ten million
    multiplications, of models that are described here, run on one thread, which is as quick and waits for nobody;
    `on_evaluate` and `stop_when` have the number that is set. On a card (`device="cuda"`) the step is captured as CUDA
    graphs, which give the bits of the step that they repeat; its losses are those of the processor within rounding. A
    model that the quick pass does not compute (`run.environment["engine"]` is `plain`) ends with other last digits
    there each time, as torch's gradient of an embedding does on a card. The bar shows by itself on a terminal and in a
    notebook; `progress` shows or hides it.

    `on_evaluate` is a function that is called after every evaluated step with its `step`, `row` and, on demand,
    `snapshot` (`groklens.training.Evaluated`); after an interruption again with those since the last resume state.
    `stop_when` is such a function that says whether to stop there, or a ready rule, `Generalised` or `Settled` of
    `groklens.training`. A stopped run is kept at that step, unfinished under its recipe, and `run.stopped_by` names
    the rule; the same call without it goes on, to the bits of a run that was never stopped.
    The optimiser's state is kept at the last step, from which `gl.extend` goes on, and at the steps of
    `keep_optimizer`, from which `gl.fork` does; None keeps none. It takes about three times what weights do.

    Raises `RecipeMismatch` when the folder holds another recipe's run or a sweep, or lies within a run or a sweep,
    `RunInUse` while another process writes it, `TrainingDiverged` when the loss is no longer finite (weights whose
    loss is not are never kept), `DamagedRun` when the disk refuses, when the folder is deleted, or when anything in it
    is not what was written: that is looked at when a run is taken up and once more before it is sealed.

    >>> run = train(recipe, into="runs/mod113")  # doctest: +SKIP
    """
    _check_recipe(recipe)
    folder, watch = as_path(into, "a folder for the run").absolute(), Watch(on_evaluate, stop_when)
    check_place(folder, resumes=True)
    if not is_finished(folder, recipe):
        try:
            options = Options(device, progress, resume_every, steps_of(keep_optimizer), watch)
            _train_planned(lambda: plan_alone(recipe, folder), options)
        except Diverged as error:
            raise TrainingDiverged(str(error)) from None
    elif lacking := [
        s for s in sorted(keep_optimizer or ()) if not os.path.lexists(RunPaths(folder).state(s))
    ]:
        log.warning(
            "%s is finished and has not kept its optimiser's state at step %s; train it into another folder for that.",
            folder, ", ".join(map(str, lacking)),
        )  # fmt: skip
    drop_spent_states(recipe, folder)  # a kill may have come between the seal and that
    run = Run(folder)
    run.verify()
    return run


def train_many(
    recipes: Sequence[Recipe] | Recipe,
    into: str | Path,
    *,
    device: str = "cpu",
    progress: bool | None = None,
    resume_every: float = 30.0,
    keep_optimizer: Iterable[int] | None = (),
) -> list[Run]:
    """Train every recipe into a folder of its own, `into / recipe.id`; those of one shape at once, stacked.

    Recipes are stacked when their models, sizes of task and training set, batch, loss, steps, cadence of
    evaluation and kind of optimiser are equal: seed, split, task, learning rate and weight decay may differ.
    Others are grouped by shape and trained in turn. Small models gain most: one product does the work of many.
    Each run is a run like that of `train` and gives its numbers within rounding. The same call goes on after a
    kill, in the same stacks, and ends with the same bits; `train(recipe, into / recipe.id)` would go on with one
    alone, within rounding. Gives the runs in the order of `recipes`; equal recipes share one.

    Raises `TrainingDiverged` when the loss of some is no longer finite, once the others have finished, and
    what `train` raises.

    >>> runs = train_many([replace(recipe, seed=s) for s in range(32)], into="runs/seeds")  # doctest: +SKIP
    """
    root = as_path(into, "a folder for the runs").absolute()
    recipes = [recipes] if isinstance(recipes, Recipe) else list(recipes)
    for recipe in recipes:
        _check_recipe(recipe)
    chosen = {recipe.id: recipe for recipe in recipes}
    if not chosen:
        raise BadArgument("train_many was given no recipes; give it at least one.")
    if not all(RunPaths(root / name).header.exists() for name in chosen):
        check_place(root, "the runs")
    train_within(root, chosen, Options(device, progress, resume_every, steps_of(keep_optimizer)))
    return [Run(root / recipe.id) for recipe in recipes]


def train_within(root: Path, chosen: Mapping[str, Recipe], options: Options) -> None:
    """Train recipes, by their ids, as `train_many` does, into a folder that is the caller's: a part of a sweep's."""
    failed: dict[str, str] = {}
    while pending := _pending(chosen, root, failed):
        try:
            _train_planned(partial(plan_next, pending, root, options.device), options)
        except Diverged as error:  # the others of the stack go on from here
            failed |= error.messages
    for name, recipe in chosen.items():
        drop_spent_states(recipe, root / name)
    if failed:
        said = " ".join(f"{root / name}: {message}" for name, message in failed.items())
        raise TrainingDiverged(f"{len(failed)} of {len(chosen)} runs diverged. {said}", failed)


def _pending(chosen: Mapping[str, Recipe], root: Path, failed: Mapping[str, str]) -> dict[str, Recipe]:
    """What is still to be trained, as the folders say now: another process may have finished some of it."""
    return {
        name: recipe
        for name, recipe in chosen.items()
        if name not in failed and not is_finished(root / name, recipe)
    }


def _check_recipe(recipe: object) -> None:
    if not isinstance(recipe, Recipe):
        how = "gl.Recipe.from_dict(values)" if isinstance(recipe, dict) else "gl.Recipe(task=…, model=…)"
        raise BadArgument(
            f"A recipe comes first, and {described(recipe)} was given; make one with {how}, then "
            "gl.train(recipe, into='runs/mine')."
        )
    check_can_be_made_again(recipe.task)


def _train_planned(make: Callable[[], Plan], options: Options) -> None:
    """Train what `make` plans, all new or from one state, to its end; nobody else writes there meanwhile."""
    plan = make()
    with ExitStack() as held, plain_torch(), torch.enable_grad():  # whatever the caller is in
        locks = [
            held.enter_context(FolderLock(folder)) if written else None
            for folder, written in zip(plan.folders, plan.written, strict=True)
        ]
        written = [
            pair
            for pair, own in zip(zip(plan.folders, plan.recipes, strict=True), plan.written, strict=True)
            if own
        ]
        if make() != plan or any(is_finished(folder, recipe) for folder, recipe in written):
            return  # somebody else was at it before the locks were there: what is left is planned anew
        stack = stack_on(plan.recipes, options.device)
        held.enter_context(threads_for(stack.work))
        histories = _restore(stack, plan)
        writers = [
            Ghost(history)
            if lock is None
            else _writer(lock, recipe, stack, options.device, plan.step, history)
            for lock, recipe, history in zip(locks, plan.recipes, histories, strict=True)
        ]
        with allocating(f"training {len(writers)} run{'s' * (len(writers) > 1)} at once"):
            save = partial(_save, plan, stack, writers)
            hold = partial(_hold, options.keep_optimizer, stack, writers)
            if not run_loop(stack, writers, plan.step, options, save, hold):
                return
        side_by_side(writer.finish for writer in writers)
        _drop(state_file(plan.recipes, plan.folders))


def _drop(state: Path) -> None:
    """Delete a state that nobody needs any longer, and what kills left of others of its name."""
    for path in (state, *state.parent.glob(f"{state.name}.*.tmp")):
        path.unlink(missing_ok=True)


def _save(
    plan: Plan,
    stack: Stack,
    writers: Sequence[RunWriter | Ghost],
    step: int,
    but: Sequence[int] = (),
    written: Written | None = None,
) -> None:
    """Store every run of a stack after `step` updates, `but` those, in one file.

    `written` is what stood in the history of a lone run before that step, where more stands in it by now.
    """
    rows = [row for row in range(len(writers)) if row not in but]
    if not any(isinstance(writers[row], RunWriter) for row in rows):
        return
    flushed_to_the_disk(writers[row] for row in rows)
    recipes, folders = tuple(plan.recipes[row] for row in rows), [plan.folders[row] for row in rows]
    state = ResumeState(step, recipes, tuple(written or writers[row].written for row in rows))
    path, of_all = state_file(recipes, folders), state_file(plan.recipes, plan.folders)
    state.write(path, (stack.resume_state(row) for row in rows))
    if path != of_all:
        _drop(of_all)


def _hold(
    steps: frozenset[int] | None, stack: Stack, writers: Sequence[RunWriter | Ghost], step: int
) -> None:
    """Keep weights and optimiser of every run after `step` updates, where that was asked for."""
    if steps is None or not (step == stack.recipes[0].steps or step in steps):  # a stack ends at one step
        return
    written = [(run, writer) for run, writer in enumerate(writers) if isinstance(writer, RunWriter)]
    flushed_to_the_disk(writer for _, writer in written)
    for run, writer in written:
        path = writer.paths.state(step)
        path.parent.mkdir(exist_ok=True)
        ResumeState(step, (stack.recipes[run],), (writer.written,)).write(path, [stack.resume_state(run)])


def _writer(
    lock: FolderLock, recipe: Recipe, stack: Stack, device: str, start: int, history: Written | None
) -> RunWriter:
    header = existing(lock.folder, recipe) or Header(
        task=recipe.task, model=describe_model(stack.model), recipe=recipe
    )
    header.environment = environment(stack.engine, device)
    header.go_on()
    writer = RunWriter(lock, header, start, history)
    clear_later(writer)
    return writer


def _restore(stack: Stack, plan: Plan) -> list[Any]:
    """Put back the state of the plan, if any; what stood in the history of each run then, else None."""
    if plan.state is None:
        return [None] * len(plan.recipes)
    state, tensors = ResumeState.read(plan.state)
    try:
        stack.restore([tensors[row] for row in plan.rows])
    except (KeyError, RuntimeError, ValueError) as error:
        raise damaged(plan.state, " ".join(str(error).split())) from error
    return [state.histories[row] for row in plan.rows]
