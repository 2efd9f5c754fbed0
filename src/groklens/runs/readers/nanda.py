"""Runs of Nanda et al. (2023), mechanistic-interpretability-grokking/progress-measures-paper: one .pth file.

The file holds `model` (transposed TransformerLens names), `config`, losses, and for whole runs `state_dicts`
with their `epochs`.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from einops import rearrange
from jaxtyping import Int
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.foreign import ForeignRun
from groklens.runs.readers.safe import legacy_model, read_torch, reading
from groklens.tasks import ModularArithmetic, Task

NAME = "nanda"
_OPERATIONS = {"add": "add", "subtract": "sub", "sub": "sub"}


def recognises(path: Path) -> bool:
    """Whether `path` is a .pth file whose dictionary has transposed weights under `model` or `state_dicts`."""
    if not path.is_file() or path.suffix not in (".pth", ".pt"):
        return False
    try:
        content = read_torch(path)
    except DamagedRun:
        return False
    try:
        return isinstance(content, dict) and _transposed(_states(content))
    except (TypeError, ValueError, AttributeError):
        return False


def read(path: Path) -> ForeignRun:
    """The run, with every model that the file holds and the authors' split."""
    content = read_torch(path)
    with reading(path):
        return _run(path, content)


def _run(path: Path, content: Any) -> ForeignRun:
    states = _states(content) if isinstance(content, dict) else {}
    if not _transposed(states):
        raise DamagedRun(f"{path} holds no model of this kind: no `model` with embed.W_E (d_model, d_vocab).")
    config = dict(content.get("config") or {})
    last = states[max(states)]
    p = int(config.get("p", last["embed.W_E"].shape[1] - 1))
    operation = str(config.get("fn_name", "add"))
    if operation not in _OPERATIONS:
        raise DamagedRun(f"{path} was trained on {operation!r}; known are {', '.join(_OPERATIONS)}.")
    task = ModularArithmetic(p, _OPERATIONS[operation])
    models = {step: _builder(state, task, path) for step, state in states.items()}
    train_index = _split(p, float(config.get("frac_train", 0.3)), int(config.get("seed", 0)))
    return ForeignRun(path.stem, task, models, NAME, train_index, config, _history(content))


def _states(content: dict[str, Any]) -> dict[int, dict[str, Tensor]]:
    """Weights by step: the checkpoints where there are any, and the last model."""
    states = dict(zip(content.get("epochs", []), content.get("state_dicts", []), strict=False))
    if "model" in content:
        states[int(content.get("epoch", max(states, default=0)))] = content["model"]
    return {int(step): state for step, state in states.items() if isinstance(state, dict)}


def _transposed(states: dict[int, dict[str, Tensor]]) -> bool:
    if not states:
        return False
    state = states[max(states)]
    try:
        return state["embed.W_E"].shape[0] == state["pos_embed.W_pos"].shape[1] != state["embed.W_E"].shape[1]
    except (KeyError, AttributeError, IndexError):
        return False


def _builder(state: dict[str, Tensor], task: Task, path: Path) -> Any:
    def build() -> Any:
        with reading(path):
            return legacy_model(path, straight(state, path), task)

    build()  # what is wrong with the file is said now, not at the first use
    return build


def straight(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Weights by TransformerLens shapes from the file's, most of which are transposed."""
    try:
        weights = {"pos_embed.W_pos": state["pos_embed.W_pos"], "embed.W_E": state["embed.W_E"].T}
        weights["unembed.W_U"] = state["unembed.W_U"]
        for name, tensor in state.items():
            leaf = name.split(".")[-1]
            if leaf in ("W_K", "W_Q", "W_V"):
                weights[name] = rearrange(tensor, "head d_head d_model -> head d_model d_head")
            elif leaf == "W_O":
                n_heads = state[name.replace("W_O", "W_Q")].shape[0]
                weights[name] = rearrange(
                    tensor, "d_model (head d_head) -> head d_head d_model", head=n_heads
                )
            elif leaf in ("W_in", "W_out"):
                weights[name] = tensor.T
            elif leaf in ("b_in", "b_out"):
                weights[name] = tensor
        return weights
    except KeyError as error:
        raise DamagedRun(f"{path} lacks {error}, so it is no transformer of this repository.") from error


def _split(p: int, fraction: float, seed: int) -> Int[Tensor, "train"]:
    """The authors' split: Python's shuffle of the list of pairs, the first share for training."""
    pairs = list(range(p * p))
    random.Random(seed).shuffle(pairs)
    return torch.tensor(sorted(pairs[: int(fraction * p * p)]))


def _history(content: dict[str, Any]) -> xr.Dataset:
    train = content.get("train_losses") or []
    return xr.Dataset(
        {"train_loss": ("step", [float(v) for v in train], {"units": "nats"})},
        coords={"step": range(len(train))},
    )
