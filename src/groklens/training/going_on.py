"""A run's folder prepared to go on from a kept step of another: its header, and the state to be taken up."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.models import build_model, describe_model
from groklens.recipes import Recipe
from groklens.runs import (
    AnyRun,
    FolderLock,
    Header,
    History,
    ResumeState,
    Run,
    RunPaths,
    Written,
    as_path,
    as_run,
    check_place,
    encode_tensors,
    new_folder,
)


def parent_of(run: AnyRun) -> Run:
    """The run, where it is one that `gl.train` made and that is there on the disk; `BadArgument` for any other."""
    found = as_run(run)
    if not isinstance(found, Run) or found.recipe is None or found.path is None:
        raise BadArgument(
            f"{described(found)} was not trained by gl.train, so it has no recipe to go on with; give a run that was, "
            "or the path of one."
        )
    return found


def state_at(run: Run, step: int) -> tuple[Written, dict[str, Tensor]] | None:
    """What stood in the history, and weights and optimiser, after `step` updates; None where they were not kept.

    Raises `DamagedRun` where the file is not what was written, or of another run.
    """
    assert run.path is not None  # `parent_of` sees to it
    assert run.recipe is not None
    path = RunPaths(run.path).state(step)
    if not os.path.lexists(path):
        return None
    state, tensors = ResumeState.read(path)
    if (state.step, state.ids) != (step, (run.recipe.id,)):
        raise BadArgument(
            f"{path} is of step {state.step} of recipe {', '.join(state.ids)}, and not of this run; delete it."
        )
    return state.histories[0], tensors[0]


def prepare(
    folder: Path, header: Header, tensors: Mapping[str, Tensor], run: Run, history: Written | None = None
) -> None:
    """Make the folder of a run that goes on from weights and optimiser of its parent, whole or not at all.

    The parent's kept steps that the header lists come with it, and as much of its history as `history` says.
    """
    assert run.path is not None
    assert header.recipe is not None
    assert header.parent is not None
    old = RunPaths(run.path)
    with new_folder(Path(os.path.abspath(folder))) as root:  # "." has a name too
        made = RunPaths(root)
        made.steps.mkdir()
        for step in header.checkpoints:
            shutil.copyfile(old.checkpoint(step), made.checkpoint(step))
        if history is None:
            history = History(made.history).written
        else:
            made.history.write_bytes(old.history.read_bytes()[: history.n_bytes])
        replace(header, history=history).write(made.header)
        ResumeState(header.parent["step"], (header.recipe,), (history,)).write(made.resume, [tensors])


def new_header(run: Run, recipe: Recipe, step: int, changed: Mapping[str, Any] | None = None) -> Header:
    """The header of a run of `recipe` that goes on from `step` of another: a fork with what it `changed`, or longer.

    It holds what that run went on from in its turn.
    """
    assert run.recipe is not None
    parent: dict[str, Any] = {
        "run": run.name,
        "recipe": run.recipe.id,
        "step": step,
        "extended": changed is None,
    }
    parent |= {} if changed is None else {"changed": dict(changed)}
    parent |= {} if run.parent is None else {"parent": run.parent}
    model = describe_model(build_model(recipe.model, recipe.task, recipe.seed))
    return Header(task=recipe.task, model=model, recipe=recipe, parent=parent)


def digest_of(weights: Mapping[str, Tensor]) -> str:
    """The SHA-256 of weights, as a checkpoint of them would have."""
    return hashlib.sha256(encode_tensors(dict(weights))).hexdigest()


def place_of(run: Run, into: str | Path | None, name: str = "") -> Path:
    """The folder asked for, or one of this name beside the run's own: beside the sweep, where the run is a sweep's.

    Raises `BadArgument` for the run's own, and what `check_place` raises.
    """
    assert run.path is not None
    own = run.path.resolve()
    if into is not None:
        folder = as_path(into, "a folder for the run")
    elif RunPaths(own.parent).sweep.is_file():
        folder = own.parent.with_name(f"{own.parent.name}-{name}")
    else:
        folder = own.with_name(name)
    if folder.resolve() == own:
        raise BadArgument(
            f"{folder} is the folder of the run that is gone on from, which stays as it is; give another, such as "
            f"{own.with_name(f'{own.name}-2')}."
        )
    check_place(folder, resumes=True)
    return folder


def is_new(folder: Path) -> bool:
    """Whether there is no run in a folder yet."""
    return not RunPaths(folder).header.exists()


def has_lost_its_beginning(folder: Path, recipe: Recipe) -> bool:
    """Whether the run of this recipe in a folder is unfinished and its state is gone; the folder is cleared then.

    What it had kept is made again, to the same bits, from its parent.
    """
    paths = RunPaths(folder)
    if not paths.header.exists() or os.path.lexists(paths.resume):
        return False
    header = Header.read(paths.header)
    if header.finished or header.recipe is None or header.recipe.id != recipe.id:
        return False
    with FolderLock(folder):
        shutil.rmtree(folder)
    return True


def before(header: Header, run: Run, step: int) -> Header:
    """The header with the parent's kept steps before `step`."""
    assert run.path is not None
    kept = Header.read(RunPaths(run.path).header).checkpoints
    return replace(header, checkpoints={k: digest for k, digest in kept.items() if k < step})
