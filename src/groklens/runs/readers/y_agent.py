"""Reader of trajectories by He et al. (2026), Y-Agent/modular-addition-feature-learning: a folder of step files.

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

from groklens.errors import BadArgument, DamagedRun
from groklens.models import MLP_ACTIVATIONS
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.author_defaults import check_all_used
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.own_model import filled
from groklens.runs.readers.safe_loading import check_weights, load_weights, read_torch, reading
from groklens.runs.run import Run
from groklens.tasks import ModularArithmetic, Task

NAME = "y_agent"
#: `mlp.basis` is the Fourier basis that the authors plot in, and no part of what the model computes.
_WEIGHTS = ("mlp.W_in", "mlp.W_out", "mlp.basis")


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with train_data.pth and files named by step."""
    return (path / "train_data.pth").is_file() and bool(_steps(path))


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The whole trajectory, with the authors' split and their stored losses.

    The files say neither the operation nor the activation: addition and relu, as most of the authors' runs, unless
    they are given.
    """
    told = told or LoadArguments()
    files = _steps(path)
    if not files:
        raise DamagedRun(f"{path} has no files named by their step, such as 400.pth.")
    first = files[min(files)]
    with reading(first):
        p = _content(first)["model"]["mlp.W_in"].shape[1]
        own = ModularArithmetic(p, "add", separator=False)
    task = told.task_or(own, path, f"p = {p}")
    train_index = _pairs(path / "train_data.pth", task, p)
    config, taken = _config(path, told)
    taken |= {} if told.task is not None else {"task": f"{task.name}: the operation is not in the files"}
    models = {
        step: partial(_checked_model, file, task, config["act_fn"], told) for step, file in files.items()
    }
    models[max(models)]()  # what is wrong with the file is said now, not at the first use
    return foreign_run(
        path.name, task, models, NAME, train_index, with_taken({}, taken), history=_history(files)
    )


def _config(path: Path, told: LoadArguments) -> tuple[dict[str, Any], dict[str, Any]]:
    """The activation function, and what of it nobody says."""
    taken = {"act_fn": "relu"}
    if told.model is not None:
        told.refuse(path, "config", why="takes its configuration from the model given")
        return dict(taken), {}
    config = told.config_or({}, taken, path)
    if config["act_fn"] not in MLP_ACTIVATIONS:
        raise BadArgument(
            f"config has act_fn={config['act_fn']!r}; for {path}, choose one of {', '.join(MLP_ACTIVATIONS)}."
        )
    return config, told.not_said(taken)


def _steps(path: Path) -> dict[int, Path]:
    if not path.is_dir():
        return {}
    named = [file for file in path.glob("*.pth") if file.stem.isdecimal() and len(file.stem) < 19]
    return {int(file.stem): file for file in named}


def _content(file: Path) -> dict[str, Any]:
    content = read_torch(file)
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or not {"mlp.W_in", "mlp.W_out"} <= set(model):
        raise DamagedRun(f"{file} holds no `model` with mlp.W_in and mlp.W_out.")
    return content


def _checked_model(file: Path, task: Task, act_fn: str, told: LoadArguments) -> Any:
    with reading(file):
        state = _content(file)["model"]
        if told.model is not None:
            return filled(told.model, state, file)
        check_weights(file, state)
        check_all_used(file, state, _WEIGHTS)
        return _model(file, state, task, act_fn)


def _model(file: Path, state: dict[str, Tensor], task: Task, act_fn: str) -> Any:
    from groklens.models import HookedMLP

    inward, outward = state["mlp.W_in"].T[None], state["mlp.W_out"].T
    model = HookedMLP(
        n_operands=2,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        d_mlp=inward.shape[2],
        d_embed=None,
        combine="sum",
        act_fn=act_fn,
    )
    weights = {
        "W_in": inward,
        "b_in": torch.zeros(inward.shape[2]),
        "unembed.W_U": outward,
        "unembed.b_U": torch.zeros(task.d_vocab_out),
    }
    return load_weights(model, weights, file)


def _pairs(file: Path, task: Task, p: int) -> Int[Tensor, "train"]:
    """The inputs trained on; `BadArgument` where the answers beside them are not the task's."""
    with reading(file):
        content = read_torch(file)
        paired = isinstance(content, (list, tuple)) and isinstance(content[0], list)
        pairs, answers = (content[0], content[1] if len(content) > 1 else None) if paired else (content, None)
        order = [int(a) * p + int(b) for a, b in pairs]
        index = sorted(set(order))
        if not index or index[0] < 0 or index[-1] >= p * p or any(not 0 <= int(b) < p for _, b in pairs):
            raise ValueError(f"pairs of numbers from 0 to {p - 1} were expected")
        answers = None if answers is None else [int(answer) for answer in answers]
    if answers is not None and task.labels[torch.tensor(order)].tolist() != answers:
        raise BadArgument(
            f"{file} holds other answers than those of {task.name}; say what was trained on: "
            f"gl.load({str(file.parent)!r}, task=gl.TableTask(inputs, labels))."
        )
    return torch.tensor(index)


def _history(files: dict[int, Path]) -> xr.Dataset:
    names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    rows = {step: _content(file) for step, file in sorted(files.items())}
    columns = {
        name: ("step", [float(row.get(name, float("nan"))) for row in rows.values()], {"units": unit})
        for name, unit in zip(names, ("nats", "accuracy") * 2, strict=True)
    }
    return xr.Dataset(columns, coords={"step": list(rows)})
