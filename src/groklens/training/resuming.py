"""Where runs can be taken up, and in whose company: a stack that was killed goes on as the same stack."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groklens.errors import DamagedRun, RecipeMismatch
from groklens.recipes import Recipe
from groklens.runs.header import Header
from groklens.runs.paths import RunPaths
from groklens.runs.resume import ResumeState, damaged


@dataclass(frozen=True)
class Member:
    """One run of a stack: its recipe, its folder, the file of the state to take up, if any.

    A finished one is computed again beside the others, which keep their last digits so, and is not written.
    """

    recipe: Recipe
    folder: Path
    state: Path | None = None
    step: int = 0
    finished: bool = False

    @classmethod
    def alone(cls, recipe: Recipe, folder: Path) -> Member:
        """The run where its newest state is, in whatever company it was before."""
        for state, path in _states(recipe, folder):
            return cls(recipe, folder, path, state.step)
        return cls(recipe, folder)

    def settle(self) -> None:
        """Leave no state that is newer than the one taken up: the next save would keep it for older ones of others."""
        paths = RunPaths(self.folder)
        if self.state is None:
            paths.drop_resume()
        elif self.state == paths.resume_before:
            os.replace(paths.resume_before, paths.resume)


def same_stack(first: Recipe, pending: Mapping[str, Recipe], root: Path) -> list[Member] | None:
    """The stack that `first` was trained in, at the newest step that all of it can be taken up at.

    Members are in `pending`, or finished. None where `first` was not begun, or one of the others is gone.
    """
    own = [state for state, _ in _states(first, root / first.id) if first.id in state.stack]
    for state in own:
        members = [_member(name, state, pending, root) for name in state.stack]
        if all(members):
            return [member for member in members if member is not None]
    if own and all(name in pending and RunPaths(root / name).header.exists() for name in own[0].stack):
        # A kill between its very first states: the stack begins again.
        return [Member(pending[name], root / name) for name in own[0].stack]
    return None


def existing(folder: Path, recipe: Recipe) -> Header | None:
    """The header in a folder; `RecipeMismatch` where it is of another recipe."""
    paths = RunPaths(folder)
    if not os.path.lexists(paths.header):
        if any(os.path.lexists(state) for state in (paths.resume, paths.resume_before)):
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
            f"{folder} holds the run of another recipe ({changes}). Train into another folder, or delete it."
        )
    return header


def is_finished(folder: Path, recipe: Recipe) -> bool:
    """Whether the run of this recipe is there, to its end."""
    known = existing(folder, recipe)
    return known is not None and known.finished


def drop_spent_states(recipe: Recipe, folder: Path) -> None:
    """Delete the states of a finished run, unless others of its stack, in the folders beside it, still need them."""
    if not is_finished(folder, recipe):
        return
    others = {name for state, _ in _states(recipe, folder) for name in state.stack} - {recipe.id}
    if all(_finished_recipe(folder.parent / name) for name in others):
        RunPaths(folder).drop_resume()


def _member(name: str, wanted: ResumeState, pending: Mapping[str, Recipe], root: Path) -> Member | None:
    recipe = pending.get(name) or _finished_recipe(root / name)
    if recipe is None:
        return None
    for state, path in _states(recipe, root / name):
        if (state.step, state.stack) == (wanted.step, wanted.stack):
            return Member(recipe, root / name, path, state.step, name not in pending)
    return None


def _finished_recipe(folder: Path) -> Recipe | None:
    header = Header.read(RunPaths(folder).header) if RunPaths(folder).header.exists() else None
    return header.recipe if header is not None and header.finished else None


def _states(recipe: Recipe, folder: Path) -> list[tuple[ResumeState, Path]]:
    """The states in a folder, the newest first; `DamagedRun` for one that is not this recipe's."""
    paths = RunPaths(folder)
    found = []
    for path in (paths.resume, paths.resume_before):
        if os.path.lexists(path):
            state = ResumeState.peek(path)
            if state.recipe != recipe.id or not 0 <= state.step <= recipe.steps:
                raise damaged(path, f"it is of step {state.step} of recipe {state.recipe}")
            found.append((state, path))
    return found
