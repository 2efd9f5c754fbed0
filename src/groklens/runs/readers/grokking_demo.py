"""Reader of the dictionary that TransformerLens' Grokking_Demo notebook saves: a whole run in one file.

`model`, `config`, `checkpoints` with their `checkpoint_epochs`, losses, and the train and test indices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, described
from groklens.models.published import full_config, granted, saved_config, told_by
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.own_model import filled, stripped
from groklens.runs.readers.safe_loading import check_weights, legacy_model, read_torch, reading
from groklens.runs.readers.weight_files import check_one_model
from groklens.runs.run import Run
from groklens.snapshots import split_index
from groklens.tasks import ModularArithmetic, Task

NAME = "grokking_demo"
_KEYS = ("checkpoints", "checkpoint_epochs")
#: What it saves beside them.
_BESIDE = ("config", "train_losses", "test_losses", "train_indices", "test_indices")
#: What the notebook sets, where the file's own configuration does not say it.
_NOTEBOOK = {"act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}


def recognises(path: Path) -> bool:
    """Whether `path` is a torch file with `checkpoints`, `checkpoint_epochs` and more of the notebook."""
    if not path.is_file() or path.suffix not in (".pth", ".pt"):
        return False
    try:
        content = read_torch(path)
    except DamagedRun:
        return False
    if not isinstance(content, dict) or not all(key in content for key in _KEYS):
        return False  # checkpoints alone are a container like others, in which nothing is the notebook's
    return any(key in content for key in _BESIDE) and not _is_other(content)


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The run; the task is addition mod the number of classes unless one is given.

    What neither the file's configuration nor its weights say is the notebook's, or as `told` has it.
    """
    content = read_torch(path)
    if not isinstance(content, dict) or not all(key in content for key in _KEYS):
        raise DamagedRun(f"{path} lacks {' and '.join(_KEYS)}, so it is not what the Grokking_Demo saves.")
    with reading(path):
        return _run(path, content, told or LoadArguments())


def _is_other(content: dict[str, Any]) -> bool:
    """Whether the weights certainly have other names than TransformerLens'."""
    states = content["checkpoints"]
    last = states[-1] if isinstance(states, list) and states else None
    return (
        isinstance(last, dict)
        and bool(last)
        and not any("embed" in str(n) or "blocks" in str(n) for n in last)
    )


def _run(path: Path, content: dict[str, Any], told: LoadArguments) -> Run:
    known: dict[str, Any] = dict(content["config"]) if isinstance(content.get("config"), dict) else {}
    check_one_model(path, content, _KEYS)
    states = _states(path, content)
    last = states[max(states)]
    task, taken = told.task, {}
    if task is None:
        task = _addition(last)
        taken = {"task": f"{task.name}: the notebook's operation"}
    if told.model is None:
        models, more = _transformers(path, states, task, known, told)
        taken |= more
    else:
        models = _own(path, states, told)
    models[max(models)]()  # what is wrong with the file is said now, not at the first use
    index = content.get("train_indices")
    train_index = None if index is None else _split(torch.as_tensor(index), len(task.labels))
    return foreign_run(
        path.stem, task, models, NAME, train_index, with_taken(known, taken), _history(content)
    )


def _split(index: Tensor, n_inputs: int) -> Tensor:
    """The inputs trained on, each once even where the file repeats it."""
    try:
        return split_index(index if index.dtype == torch.bool else index.unique(), n_inputs)
    except BadArgument as error:  # the file's mistake, and not the caller's
        raise ValueError(
            f"the inputs trained on, train_indices, are no split of {n_inputs} inputs"
        ) from error


def _states(path: Path, content: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Weights by step: the checkpoint of epoch e was taken after that epoch's update, so it is step e + 1."""
    states = {}
    for epoch, state in zip(content["checkpoint_epochs"], content["checkpoints"], strict=True):
        number = epoch.item() if isinstance(epoch, Tensor) and epoch.ndim == 0 else epoch
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**62:
            raise DamagedRun(
                f"{path} has a checkpoint of epoch {described(number)}; a whole number from 0 is expected."
            )
        states[number + 1] = stripped(state)
    if not states:
        raise DamagedRun(f"{path} has no checkpoints.")
    return states


def _transformers(
    path: Path,
    states: Mapping[int, dict[str, Any]],
    task: Task,
    known: Mapping[str, Any],
    told: LoadArguments,
) -> tuple[dict[int, Callable[[], Any]], dict[str, Any]]:
    """The models by step, and those values of their configuration that are the notebook's."""
    last = states[max(states)]
    check_weights(path, last)
    own = saved_config(known, str(path)) | told_by(last)
    taken = {name: value for name, value in _NOTEBOOK.items() if name not in own}
    config = told.config_or(own, taken, path)
    models: dict[int, Callable[[], Any]] = {
        step: partial(legacy_model, path, state, task, config) for step, state in states.items()
    }
    return models, told.not_said(taken) | granted(full_config(last, config, task.n_ctx))


def _own(
    path: Path, states: Mapping[int, dict[str, Any]], told: LoadArguments
) -> dict[int, Callable[[], Any]]:
    told.refuse(path, "config", why="takes its configuration from the model given")
    return {step: partial(filled, told.model, state, path) for step, state in states.items()}


def _addition(state: dict[str, Any]) -> ModularArithmetic:
    """Addition mod the number of classes; "=" is the one further token."""
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
