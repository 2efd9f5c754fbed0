"""Training a recipe, or many, into folders, to the bit, across kills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, RecipeMismatch, TrainingDiverged, described
from groklens.models.rebuild import describe_model
from groklens.recipes import Recipe
from groklens.runs.files import read_tensors
from groklens.runs.header import Header, environment
from groklens.runs.paths import RunPaths, as_path
from groklens.runs.run import Run
from groklens.runs.writer import RunWriter
from groklens.training.loop import Diverged, run_loop
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

    Raises `RecipeMismatch` when the folder holds another recipe, `TrainingDiverged` when the loss is no
    longer finite (weights whose loss is not are never kept), `DamagedRun` when the disk refuses.

    >>> run = train(recipe, into="runs/mod113")  # doctest: +SKIP
    """
    _check_recipe(recipe)
    folder = as_path(into, "a folder for the run")
    if not _is_finished(folder, recipe):
        try:
            _train_stack([recipe], [folder], device, progress, resume_every)
        except Diverged as error:
            raise TrainingDiverged(str(error)) from None
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
    Each run is a run like that of `train`, gives its numbers within rounding, and is resumed on its own: the
    same call goes on after a kill, as would `train(recipe, into / recipe.id)`. Gives the runs in the order of
    `recipes`; equal recipes share one.

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
    folders = {name: root / name for name in chosen}
    pending = [recipe for name, recipe in chosen.items() if not _is_finished(folders[name], recipe)]
    failures: list[str] = []
    while pending:
        group = first_stack(pending, [_resume_step(folders[recipe.id]) for recipe in pending])
        done = {recipe.id for recipe in group}
        try:
            _train_stack(group, [folders[recipe.id] for recipe in group], device, progress, resume_every)
        except Diverged as error:  # the others of the stack go on from here
            done = {group[run].id for run in error.messages}
            failures += [f"{folders[group[run].id]}: {said}" for run, said in error.messages.items()]
        pending = [recipe for recipe in pending if recipe.id not in done]
    if failures:
        raise TrainingDiverged(f"{len(failures)} of {len(folders)} runs diverged. " + "\n".join(failures))
    return [Run(folders[recipe.id]) for recipe in recipes]


def _check_recipe(recipe: object) -> None:
    if not isinstance(recipe, Recipe):
        how = "gl.Recipe.from_dict(values)" if isinstance(recipe, dict) else "gl.Recipe(task=…, model=…)"
        raise BadArgument(
            f"A recipe comes first, and {described(recipe)} was given; make one with {how}, then "
            "gl.train(recipe, into='runs/mine')."
        )


def _train_stack(
    recipes: Sequence[Recipe],
    folders: Sequence[Path],
    device: str,
    progress: bool | None,
    resume_every: float,
) -> None:
    """Train recipes of one shape, all new or all at the same step, to their end."""
    stack = Stack(recipes, device)
    start = _resume_step(folders[0])
    if start:
        _restore(stack, folders)
    writers = []
    for recipe, folder in zip(recipes, folders, strict=True):
        header = _existing(folder, recipe) or Header(
            task=recipe.task, model=describe_model(stack.model), recipe=recipe
        )
        header.environment = environment(stack.engine, device)
        writers.append(RunWriter(folder, header, resume_step=start))
    run_loop(stack, writers, start, progress, resume_every)
    for writer in writers:
        writer.finish()


def _restore(stack: Stack, folders: Sequence[Path]) -> None:
    states = [_resume_state(folder) for folder in folders]
    try:
        stack.restore([{k: v for k, v in state.items() if k != "step"} for state in states])
    except (KeyError, RuntimeError, ValueError) as error:
        raise _damaged(", ".join(str(RunPaths(folder).resume) for folder in folders), error) from error


def _resume_step(folder: Path) -> int:
    """Where the run in `folder` can be taken up; 0 where it has no resume state."""
    return int(_resume_state(folder)["step"]) if RunPaths(folder).resume.exists() else 0


def _resume_state(folder: Path) -> dict[str, Tensor]:
    path = RunPaths(folder).resume
    try:
        tensors = read_tensors(path)
        int(tensors["step"])
    except (DamagedRun, KeyError, RuntimeError, ValueError) as error:
        raise _damaged(str(path), error) from error
    return tensors


def _damaged(what: str, error: Exception) -> DamagedRun:
    return DamagedRun(
        f"{what} is damaged ({error}); delete that one file and call again: the run then starts over and "
        "writes its checkpoints again."
    )


def _is_finished(folder: Path, recipe: Recipe) -> bool:
    known = _existing(folder, recipe)
    return known is not None and known.finished


def _existing(folder: Path, recipe: Recipe) -> Header | None:
    paths = RunPaths(folder)
    if not paths.header.exists():
        return None
    header = Header.read(paths.header)
    if header.recipe is None:
        raise RecipeMismatch(f"{folder} holds a recorded run without a recipe; train into another folder.")
    if header.recipe.id != recipe.id:
        changes = "; ".join(header.recipe.differences(recipe))
        raise RecipeMismatch(
            f"{folder} holds the run of another recipe ({changes}). Train into another folder, or delete it."
        )
    return header
