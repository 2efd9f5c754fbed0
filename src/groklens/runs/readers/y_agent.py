"""Trajectories of He et al. (2026), Y-Agent/modular-addition-feature-learning: a folder of step files.

Each `STEP.pth` holds `model` with `mlp.W_in` (d_mlp × p) and `mlp.W_out` (p × d_mlp) for the sum of two
one-hots; `train_data.pth` the pairs trained on.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.foreign import ForeignRun
from groklens.runs.readers.safe import load_weights, read_torch, reading
from groklens.tasks import ModularArithmetic, Task

NAME = "y_agent"


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with train_data.pth and files named by their step."""
    return (path / "train_data.pth").is_file() and bool(_steps(path))


def read(path: Path) -> ForeignRun:
    """The whole trajectory, with the authors' split and their stored losses."""
    files = _steps(path)
    if not files:
        raise DamagedRun(f"{path} has no files named by their step, such as 400.pth.")
    with reading(files[min(files)]):
        p = _content(files[min(files)])["model"]["mlp.W_in"].shape[1]
        task = ModularArithmetic(p, "add", separator=False)
    models = {step: partial(_checked_model, file, task) for step, file in files.items()}
    train_index = _pairs(path / "train_data.pth", p)
    return ForeignRun(path.name, task, models, NAME, train_index, history=_history(files))


def _steps(path: Path) -> dict[int, Path]:
    if not path.is_dir():
        return {}
    return {int(file.stem): file for file in path.glob("*.pth") if file.stem.isdigit()}


def _content(file: Path) -> dict[str, Any]:
    content = read_torch(file)
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or not {"mlp.W_in", "mlp.W_out"} <= set(model):
        raise DamagedRun(f"{file} holds no `model` with mlp.W_in and mlp.W_out.")
    return content


def _checked_model(file: Path, task: Task) -> Any:
    with reading(file):
        return _model(file, task)


def _model(file: Path, task: Task) -> Any:
    from groklens.models.hooked_mlp import HookedMLP

    state = _content(file)["model"]
    inward, outward = state["mlp.W_in"].T[None], state["mlp.W_out"].T
    model = HookedMLP(
        n_operands=2,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        d_mlp=inward.shape[2],
        d_embed=None,
        combine="sum",
        act_fn="relu",
    )
    weights = {
        "W_in": inward,
        "b_in": torch.zeros(inward.shape[2]),
        "unembed.W_U": outward,
        "unembed.b_U": torch.zeros(task.d_vocab_out),
    }
    return load_weights(model, weights, file)


def _pairs(file: Path, p: int) -> Int[Tensor, "train"]:
    with reading(file):
        pairs = read_torch(file)
        pairs = pairs[0] if isinstance(pairs, (list, tuple)) and isinstance(pairs[0], list) else pairs
        index = sorted({int(a) * p + int(b) for a, b in pairs})
        if not index or index[0] < 0 or index[-1] >= p * p:
            raise ValueError(f"pairs of numbers from 0 to {p - 1} were expected")
        return torch.tensor(index)


def _history(files: dict[int, Path]) -> xr.Dataset:
    names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    rows = {step: _content(file) for step, file in sorted(files.items())}
    columns = {
        name: ("step", [float(row.get(name, float("nan"))) for row in rows.values()], {"units": unit})
        for name, unit in zip(names, ("nats", "accuracy") * 2, strict=True)
    }
    return xr.Dataset(columns, coords={"step": list(rows)})
