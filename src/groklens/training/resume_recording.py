"""Resuming a recording: from which step, after checking that it is the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from groklens.errors import BadArgument
from groklens.runs import Header, RunPaths, RunWriter, encode_tensors, read_history


def taken_up(folder: Path, new: Header, weights: Mapping[str, Tensor]) -> tuple[Header, int | None]:
    """The header to go on with, and the kept step whose weights the model has; steps after it are no longer listed.

    The step is None for a recording that was killed before it had kept any, and is begun again.

    Raises `BadArgument` where there is no recording, where it is of another task, model, split or unit, or where the
    model has the weights of no kept step.
    """
    if not RunPaths(folder).header.exists():
        raise BadArgument(f"{folder} holds no recording to take up; leave resume= out to start one.")
    old = Header.read(RunPaths(folder).header)
    _check_same(folder, old, new)
    if not old.checkpoints:
        return new, None
    digest = hashlib.sha256(encode_tensors(dict(weights))).hexdigest()
    found = [step for step, kept in old.checkpoints.items() if kept == digest]
    if not found:
        steps = ", ".join(map(str, sorted(old.checkpoints)[-5:]))
        raise BadArgument(
            f"The model has the weights of no step kept in {folder} (the last are {steps}), so where to go on is not "
            "known; load a kept step's: model.load_state_dict(gl.load(path, model=model).at(step).model.state_dict())."
        )
    if len(found) > 1:
        raise BadArgument(
            f"The steps {', '.join(map(str, sorted(found)))} kept in {folder} have the same weights, those of the "
            "model, so where to go on is not known; record into another folder."
        )
    step = found[0]
    if old.finished and step != max(old.checkpoints):
        raise BadArgument(
            f"{folder} is finished, and going on from step {step} would take back the steps after it; record into "
            "another folder."
        )
    read_history(
        RunPaths(folder).history, old.history, whole=old.finished
    )  # raises where it is not what was written
    kept = {k: digest for k, digest in old.checkpoints.items() if k <= step}
    return replace(new, checkpoints=kept), step


def clear_later(writer: RunWriter) -> None:
    """Delete weights of steps that the header does not list: those that are to be made anew."""
    for file in writer.paths.steps.glob("*.safetensors"):
        if file.stem.isdigit() and int(file.stem) not in writer.header.checkpoints:
            file.unlink()


def _check_same(folder: Path, old: Header, new: Header) -> None:
    if old.recipe is not None:
        raise BadArgument(
            f"{folder} holds a run that gl.train made; take it up with gl.train(recipe, into=…)."
        )
    for name, was, now in (
        ("task", old.task.digest, new.task.digest),
        ("task", old.task.name, new.task.name),
        ("model", old.model, new.model),
        ("train_index", old.train_index, new.train_index),
        ("loss_units", old.loss_units, new.loss_units),
    ):
        if was != now and not (name == "loss_units" and old.schema == 1):
            raise BadArgument(
                f"{folder} was recorded with another {name}; give the same one, or record into another folder."
            )
