"""Training a recipe into a folder, to the bit, across kills."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun, RecipeMismatch, TrainingDiverged
from groklens.models import LOSSES, accuracy, quick_applies, quick_logits
from groklens.models.rebuild import describe_model
from groklens.recipes import Recipe
from groklens.runs.header import Header, environment
from groklens.runs.paths import RunPaths
from groklens.runs.run import Run
from groklens.runs.writer import RunWriter
from groklens.training.batches import batch_for
from groklens.training.optimizers import (
    build_optimizer,
    optimizer_tensors,
    restore_optimizer,
    set_learning_rate,
)
from groklens.training.progress import progress_bar


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
    terminal; `progress` forces it.

    Raises `RecipeMismatch` when the folder holds another recipe, `TrainingDiverged` when the loss is no
    longer finite (weights whose loss is not are never kept), `DamagedRun` when the disk refuses.

    >>> run = train(recipe, into="runs/mod113")  # doctest: +SKIP
    """
    folder = Path(into)
    known = _existing(folder, recipe)
    if known is not None and known.finished:
        return Run(folder)
    model = recipe.model.build(recipe.task, recipe.seed, device)
    optimizer = build_optimizer(recipe.optimizer, model.parameters())
    header = known or Header(task=recipe.task, model=describe_model(model), recipe=recipe)
    header.environment = environment("quick" if quick_applies(model) else "plain", device)
    start = _restore(folder, model, optimizer) if known else 0
    writer = RunWriter(folder, header, resume_step=start)
    _loop(recipe, model, optimizer, writer, start, progress, resume_every)
    writer.finish()
    return Run(folder)


def _loop(
    recipe: Recipe,
    model: Any,
    optimizer: torch.optim.Optimizer,
    writer: RunWriter,
    start: int,
    progress: bool | None,
    resume_every: float,
) -> None:
    objective = LOSSES[recipe.loss]
    device = next(model.parameters()).device
    inputs, labels = recipe.task.inputs.to(device), recipe.task.labels.to(device)
    train_index, _ = recipe.task.split(recipe.train_fraction, recipe.seed)
    saved = time.monotonic()
    with progress_bar(recipe.steps, start, progress) as report:
        for step in range(start, recipe.steps + 1):
            row = evaluate(recipe, model) if _evaluates(recipe, step) else {}
            if step < recipe.steps:
                batch = batch_for(recipe, train_index, step + 1)
                loss = objective(quick_logits(model, inputs[batch], recipe.task.d_vocab_out), labels[batch])
                row["train_loss"] = loss.item()
            _check_finite(row["train_loss"], step, writer)  # before these weights are kept
            writer.history.record(step, **row)
            if step in (0, recipe.steps) or recipe.keep.keeps(step):
                writer.keep(step, model.state_dict())
            if step == recipe.steps:
                break
            set_learning_rate(optimizer, recipe.optimizer, step + 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            report(step + 1, writer.history.rows[step])
            if time.monotonic() - saved >= resume_every:
                writer.save_resume(step + 1, _resume_state(model, optimizer, step + 1))
                saved = time.monotonic()


@torch.no_grad()
def evaluate(recipe: Recipe, model: Any) -> dict[str, float]:
    """Loss and accuracy on the train and the held-out inputs, by the recipe's own loss."""
    task = recipe.task
    inputs = task.inputs.to(next(model.parameters()).device)
    logits = quick_logits(model, inputs, task.d_vocab_out).cpu()
    values = {}
    for name, index in zip(("train", "test"), task.split(recipe.train_fraction, recipe.seed), strict=True):
        if len(index):
            values[f"{name}_loss"] = float(LOSSES[recipe.loss](logits[index], task.labels[index]))
            values[f"{name}_accuracy"] = accuracy(logits[index], task.labels[index])
    return values


def _evaluates(recipe: Recipe, step: int) -> bool:
    every = recipe.evaluate_every
    return step == recipe.steps or (every is not None and step % every == 0)


def _check_finite(loss: float, step: int, writer: RunWriter) -> None:
    if math.isfinite(loss):
        return
    writer.history.flush()
    good = max(writer.header.checkpoints, default=None)
    where = (
        "There is no checkpoint before it"
        if good is None
        else f"The last good checkpoint is step {good}, {writer.paths.checkpoint(good)}; look at it with "
        f"gl.load({str(writer.paths.root)!r}).at({good})"
    )
    raise TrainingDiverged(
        f"The loss is {loss} at step {step}. {where}. Lower the learning rate or lengthen the warm-up."
    )


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


def _resume_state(model: Any, optimizer: torch.optim.Optimizer, step: int) -> dict[str, Tensor]:
    state = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    state |= {f"optimizer/{name}": tensor for name, tensor in optimizer_tensors(optimizer).items()}
    return state | {"step": torch.tensor(step)}


def _restore(folder: Path, model: Any, optimizer: torch.optim.Optimizer) -> int:
    """Load the resume state into model and optimiser and return its step; 0 when there is none."""
    from groklens.runs.files import read_tensors

    path = RunPaths(folder).resume
    if not path.exists():
        return 0
    try:
        tensors = read_tensors(path)
        step = int(tensors.pop("step"))
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}}
        for key, tensor in tensors.items():
            part, name = key.split("/", 1)
            parts[part][name] = tensor
        model.load_state_dict(parts["model"])
        restore_optimizer(optimizer, parts["optimizer"])
    except (DamagedRun, KeyError, RuntimeError, ValueError) as error:
        raise DamagedRun(
            f"{path} is damaged ({error}); delete that one file and call again: the run then starts over "
            "and writes its checkpoints again."
        ) from error
    return step
