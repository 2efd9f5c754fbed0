"""The dictionary that TransformerLens' Grokking_Demo saves: a whole run in one file.

`model`, `config`, `checkpoints` with their `checkpoint_epochs`, losses, and the train and test indices.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.foreign import ForeignRun, index_of
from groklens.runs.readers.safe import legacy_model, read_torch, reading
from groklens.tasks import ModularArithmetic, Task

NAME = "grokking_demo"
_KEYS = ("checkpoints", "checkpoint_epochs")


def recognises(path: Path) -> bool:
    """Whether `path` is a torch file whose dictionary has `checkpoints` and `checkpoint_epochs`."""
    if not path.is_file() or path.suffix not in (".pth", ".pt"):
        return False
    try:
        content = read_torch(path)
    except DamagedRun:
        return False
    return isinstance(content, dict) and all(key in content for key in _KEYS)


def read(path: Path, task: Task | None = None) -> ForeignRun:
    """The run; the task is addition mod the number of classes unless one is given."""
    content = read_torch(path)
    if not isinstance(content, dict) or not all(key in content for key in _KEYS):
        raise DamagedRun(f"{path} lacks {' and '.join(_KEYS)}, so it is not what the Grokking_Demo saves.")
    with reading(path):
        return _run(path, content, task)


def _run(path: Path, content: dict[str, Any], task: Task | None) -> ForeignRun:
    config = content.get("config")
    known: dict[str, Any] = dict(config) if isinstance(config, dict) else {}
    # The checkpoint of epoch e was taken after that epoch's update, so it is the model after e + 1.
    states = {
        int(epoch) + 1: state
        for epoch, state in zip(content["checkpoint_epochs"], content["checkpoints"], strict=True)
    }
    if not states:
        raise DamagedRun(f"{path} has no checkpoints.")
    if task is None:
        task = _addition(states[max(states)])
    models = {step: partial(legacy_model, path, state, task, known) for step, state in states.items()}
    models[max(models)]()  # what is wrong with the file is said now, not at the first use
    index = content.get("train_indices")
    train_index = None if index is None else index_of(torch.as_tensor(index), len(task.labels))
    return ForeignRun(path.stem, task, models, NAME, train_index, known, _history(content))


def _addition(state: dict[str, Tensor]) -> ModularArithmetic:
    """Addition mod the number of classes, "=" being the one token more."""
    tokens, classes = state["embed.W_E"].shape[0], state["unembed.W_U"].shape[1]
    if tokens != classes + 1:
        raise ValueError(
            f"{tokens} tokens and {classes} classes are not those of addition; give load its own task="
        )
    return ModularArithmetic(classes, "add")


def _history(content: dict[str, Any]) -> xr.Dataset:
    columns = {
        name: ("step", [float(value) for value in content[f"{name}es"]], {"units": "nats"})
        for name in ("train_loss", "test_loss")
        if content.get(f"{name}es") is not None and len(content[f"{name}es"])
    }
    return xr.Dataset(columns, coords={"step": range(max((len(c[1]) for c in columns.values()), default=0))})
