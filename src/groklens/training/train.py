"""Training a recipe, or many, into folders, to the bit, across kills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from groklens.errors import BadArgument, TrainingDiverged, described
from groklens.models.rebuild import describe_model
from groklens.models.sizes import allocating
from groklens.recipes import Recipe
from groklens.runs.header import Header, environment
from groklens.runs.lock import FolderLock
from groklens.runs.paths import as_path
from groklens.runs.resume import ResumeState, damaged
from groklens.runs.run import Run
from groklens.runs.writer import RunWriter
from groklens.tasks import check_can_be_made_again
from groklens.training.ghost import Ghost
from groklens.training.loop import Diverged, run_loop
from groklens.training.resuming import Member, drop_spent_states, existing, is_finished, same_stack
from groklens.training.stack import Stack
from groklens.training.stacking import first_stack


def train(
    recipe: Recipe,
    into: str | Path,
    *,
    device: str = "cpu",
    progress: bool | None = None,
    resume_every: float = 30.0,
) -> Run:
    """Train `recipe` into the folder `into`; resume an unfinished run there, return a finished one.

    Train loss is recorded every step (of the batch, where there are batches), held-out loss and accuracies
    every `recipe.evaluate_every` steps. A resume state at most `resume_every` seconds old holds the
    optimiser: after a kill at any moment the same call goes on and ends with the same bits as an
    uninterrupted run on the same machine, versions and number of threads. The bar shows by itself on a
    terminal and in a notebook; `progress` shows or hides it.

    Raises `RecipeMismatch` when the folder holds another recipe, `RunInUse` while another process writes it,
    `TrainingDiverged` when the loss is no longer finite (weights whose loss is not are never kept), `DamagedRun`
    when the disk refuses, when the folder is deleted, or when anything in it is not what was written: that is
    looked at when a run is taken up and once more before it is sealed.

    >>> run = train(recipe, into="runs/mod113")  # doctest: +SKIP
    """
    _check_recipe(recipe)
    folder = as_path(into, "a folder for the run")
    if not is_finished(folder, recipe):
        try:
            _train_stack([Member.alone(recipe, folder)], device, progress, resume_every)
        except Diverged as error:
            raise TrainingDiverged(str(error)) from None
    drop_spent_states(recipe, folder)  # a kill may have come between the seal and that
    return Run(folder)


def train_many(
    recipes: Sequence[Recipe] | Recipe,
    into: str | Path,
    *,
    device: str = "cpu",
    progress: bool | None = None,
    resume_every: float = 30.0,
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
    root = as_path(into, "a folder for the runs")
    recipes = [recipes] if isinstance(recipes, Recipe) else list(recipes)
    for recipe in recipes:
        _check_recipe(recipe)
    chosen = {recipe.id: recipe for recipe in recipes}
    if not chosen:
        raise BadArgument("train_many was given no recipes; give it at least one.")
    pending = {name: recipe for name, recipe in chosen.items() if not is_finished(root / name, recipe)}
    failures: list[str] = []
    while pending:
        members = _next_stack(pending, root)
        done = {member.recipe.id for member in members}
        try:
            _train_stack(members, device, progress, resume_every)
        except Diverged as error:  # the others of the stack go on from here
            done = {members[run].recipe.id for run in error.messages}
            failures += [f"{members[run].folder}: {said}" for run, said in error.messages.items()]
        pending = {name: recipe for name, recipe in pending.items() if name not in done}
    for name, recipe in chosen.items():
        drop_spent_states(recipe, root / name)
    if failures:
        raise TrainingDiverged(f"{len(failures)} of {len(chosen)} runs diverged. " + "\n".join(failures))
    return [Run(root / recipe.id) for recipe in recipes]


def _next_stack(pending: Mapping[str, Recipe], root: Path) -> list[Member]:
    """The runs to train at once: those that were a stack before, or else those of the first one's shape and step."""
    recipes = list(pending.values())
    before = same_stack(recipes[0], pending, root)
    if before is not None:
        return before
    alone = {recipe.id: Member.alone(recipe, root / recipe.id) for recipe in recipes}
    stacked = first_stack(recipes, [alone[recipe.id].step for recipe in recipes])
    return [alone[recipe.id] for recipe in stacked]


def _check_recipe(recipe: object) -> None:
    if not isinstance(recipe, Recipe):
        how = "gl.Recipe.from_dict(values)" if isinstance(recipe, dict) else "gl.Recipe(task=…, model=…)"
        raise BadArgument(
            f"A recipe comes first, and {described(recipe)} was given; make one with {how}, then "
            "gl.train(recipe, into='runs/mine')."
        )
    check_can_be_made_again(recipe.task)


def _train_stack(members: Sequence[Member], device: str, progress: bool | None, resume_every: float) -> None:
    """Train recipes of one shape, all new or all at the same step, to their end."""
    with ExitStack() as locks:
        held = [None if one.finished else locks.enter_context(FolderLock(one.folder)) for one in members]
        stack = Stack([member.recipe for member in members], device)
        states = _restore(stack, members)
        writers = [
            Ghost() if lock is None else _writer(lock, member, stack, device, state)
            for lock, member, state in zip(held, members, states, strict=True)
        ]
        with allocating(f"training {len(members)} run{'s' * (len(members) > 1)} at once"):
            run_loop(stack, writers, members[0].step, progress, resume_every)
        for writer in writers:
            writer.finish()
        for writer in writers:
            writer.drop_resume()


def _writer(
    lock: FolderLock, member: Member, stack: Stack, device: str, state: ResumeState | None
) -> RunWriter:
    header = existing(member.folder, member.recipe) or Header(
        task=member.recipe.task, model=describe_model(stack.model), recipe=member.recipe
    )
    header.environment = environment(stack.engine, device)
    member.settle()
    return RunWriter(lock, header) if state is None else RunWriter(lock, header, state.step, state.history)


def _restore(stack: Stack, members: Sequence[Member]) -> list[ResumeState | None]:
    """Put back the states that the members are to be taken up at."""
    files = [member.state for member in members if member.state is not None]
    if not files:
        return [None] * len(members)
    states, tensors = zip(*(ResumeState.read(path) for path in files), strict=True)
    try:
        stack.restore(tensors)
    except (KeyError, RuntimeError, ValueError) as error:
        raise damaged(files[0], " ".join(str(error).split())) from error
    return list(states)
