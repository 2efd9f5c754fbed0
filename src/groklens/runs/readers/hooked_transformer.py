"""State dictionaries of TransformerLens ≤ 3's `HookedTransformer`: one torch or safetensors file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import DamagedRun, TaskNeeded
from groklens.runs.files import read_tensors
from groklens.runs.foreign import ForeignRun
from groklens.runs.readers.safe import legacy_model, read_state
from groklens.tasks import Task

NAME = "hooked_transformer"


def recognises(path: Path) -> bool:
    """Whether `path` is a file whose dictionary has `blocks.0.attn.W_Q` and `embed.W_E` in the old shapes."""
    if not path.is_file() or path.suffix not in (".pth", ".pt", ".safetensors"):
        return False
    try:
        state = _state(path)
    except DamagedRun:
        return False
    return "blocks.0.attn.W_Q" in state and "embed.W_E" in state


def read(path: Path, task: Task | None = None) -> ForeignRun:
    """The model as a run of one step; its task is not in the file, so it has to be given."""
    if task is None:
        raise TaskNeeded(
            f"{path} holds weights and not what they were trained on; say so: "
            "gl.load(path, task=gl.ModularArithmetic(113, 'add'))."
        )
    models = {0: partial(_model, path, task)}
    models[0]()  # what is wrong with the file is said now, not at the first use
    return ForeignRun(path.stem, task, models, NAME)


def _model(path: Path, task: Task) -> Any:
    return legacy_model(path, _state(path), task)


def _state(path: Path) -> dict[str, Tensor]:
    return read_tensors(path) if path.suffix == ".safetensors" else read_state(path)
