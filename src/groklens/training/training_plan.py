"""Planning what is trained next: which runs, from which step, and stacked with which others."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groklens.errors import BadArgument, DamagedRun, RecipeMismatch
from groklens.recipes import Recipe, kept_up_to
from groklens.runs import Header, ResumeState, RunPaths, damaged
from groklens.training.stacking import first_stack

_STACK_FILE = re.compile(r"stack-[0-9a-f]{12}\.safetensors")


@dataclass(frozen=True)
class Plan:
    """Runs to be trained at once: recipes, their folders, and which of them are written.

    The others keep them company: they are finished, gone, or further on by themselves, and are computed once more
    because the last digits of the rest depend on it. `state` is the file to go on from, if any, at `step`, and `rows`
    says where in it each run stands.
    """

    recipes: tuple[Recipe, ...]
    folders: tuple[Path, ...]
    written: tuple[bool, ...]
    state: Path | None = None
    step: int = 0
    rows: tuple[int, ...] = ()


def plan_alone(recipe: Recipe, folder: Path) -> Plan:
    """One run by itself, from its own state or from its part of the state of a stack that it was in."""
    own = RunPaths(folder).resume
    states = [(ResumeState.peek(own), own)] if os.path.lexists(own) else []
    if not states and folder.name == recipe.id:
        stacks = _stacks(folder.parent)
        states = [pair for pair in stacks if _goes_on_in(pair, recipe, folder.parent, stacks)]
    for state, path in states:
        if recipe.id not in state.ids:
            raise damaged(path, f"it is of step {state.step} of recipe {', '.join(state.ids)}")
        return Plan((recipe,), (folder,), (True,), path, state.step, (state.ids.index(recipe.id),))
    if recipe.start is not None:
        raise BadArgument(
            f"The recipe is of a fork, which begins at step {recipe.start.step:,} of the run of recipe "
            f"{recipe.start.recipe}, and {folder} does not hold that beginning; make it by gl.fork(run, "
            f"step={recipe.start.step}, into=…, …)."
        )
    return Plan((recipe,), (folder,), (True,))


def plan_next(pending: Mapping[str, Recipe], root: Path, device: str) -> Plan:
    """The stack of the first pending recipe: the one that it was in, or those of its shape that are as new as it."""
    first = next(iter(pending.values()))
    if os.path.lexists(RunPaths(root / first.id).resume) or first.start is not None:
        return plan_alone(first, root / first.id)
    stacks = _stacks(root)
    for state, path in stacks:
        if _goes_on_in((state, path), first, root, stacks):
            written = tuple(_goes_on_in((state, path), recipe, root, stacks) for recipe in state.recipes)
            folders = tuple(root / name for name in state.ids)
            return Plan(state.recipes, folders, written, path, state.step, tuple(range(len(folders))))
    # A fork is never new: it begins with the weights of its parent, from a state that `gl.fork` has made.
    new = [each for each in pending.values() if each.start is None and not _begun(each, root, stacks)]
    stacked = first_stack(new, [0] * len(new), device)
    return Plan(tuple(stacked), tuple(root / each.id for each in stacked), (True,) * len(stacked))


def state_file(recipes: Sequence[Recipe], folders: Sequence[Path]) -> Path:
    """Where the state of runs that are trained at once is kept: in the folder of a lone run, else beside theirs."""
    if len(recipes) == 1:
        return RunPaths(folders[0]).resume
    name = hashlib.sha256(" ".join(recipe.id for recipe in recipes).encode()).hexdigest()[:12]
    return folders[0].parent / f"stack-{name}.safetensors"


def existing(folder: Path, recipe: Recipe) -> Header | None:
    """The header in a folder; `RecipeMismatch` where it is of another recipe."""
    paths = RunPaths(folder)
    if not os.path.lexists(paths.header):
        if os.path.lexists(paths.resume):
            raise DamagedRun(
                f"{paths.header} is missing, and the state beside it would go on without the steps that it lists; "
                f"delete {paths.resume} and call again: the run then starts over."
            )
        return None
    header = Header.read(paths.header)
    if header.recipe is None:
        raise RecipeMismatch(f"{folder} holds a recorded run without a recipe; train into another folder.")
    if header.recipe.id != recipe.id:
        changes = "; ".join(header.recipe.differences(recipe))
        raise RecipeMismatch(
            f"{folder} holds the run of another recipe ({changes}). Train into another folder."
        )
    return header


def is_finished(folder: Path, recipe: Recipe) -> bool:
    """Whether the run of this recipe is there, to its end."""
    known = existing(folder, recipe)
    return known is not None and known.finished


def drop_spent_states(recipe: Recipe, folder: Path) -> None:
    """Delete the states of a finished run, and those of stacks beside it of which every run is finished or gone."""
    if not is_finished(folder, recipe):
        return
    RunPaths(folder).resume.unlink(missing_ok=True)
    root = folder.parent
    with contextlib.suppress(DamagedRun, RecipeMismatch):  # of other runs: theirs to say
        stacks = _stacks(root)
        for pair in stacks:
            own = recipe.id in pair[0].ids
            if own and not any(_goes_on_in(pair, other, root, stacks) for other in pair[0].recipes):
                pair[1].unlink(missing_ok=True)


Stacks = Sequence[tuple[ResumeState, Path]]


def _goes_on_in(pair: tuple[ResumeState, Path], recipe: Recipe, root: Path, stacks: Stacks) -> bool:
    """Whether this state of a stack is where the run goes on: it is its newest, and what was kept before is listed."""
    newest = next((found for found in stacks if recipe.id in found[0].ids), None)
    folder = root / recipe.id
    if newest != pair or os.path.lexists(RunPaths(folder).resume):
        return False
    header = existing(folder, recipe)
    if header is None or header.finished:
        return False
    made = {step for step in kept_up_to(recipe.keep, pair[0].step) if step < pair[0].step}
    return made <= set(header.checkpoints)


def _begun(recipe: Recipe, root: Path, stacks: Stacks) -> bool:
    alone = os.path.lexists(RunPaths(root / recipe.id).resume)
    return alone or any(_goes_on_in(pair, recipe, root, stacks) for pair in stacks)


def _stacks(root: Path) -> list[tuple[ResumeState, Path]]:
    """The states of stacks in a folder, the newest first."""
    files = [file for file in root.glob("stack-*.safetensors") if _STACK_FILE.fullmatch(file.name)]
    return sorted(((ResumeState.peek(file), file) for file in sorted(files)), key=lambda pair: -pair[0].step)
