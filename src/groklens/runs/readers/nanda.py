"""Reader of runs by Nanda et al. (2023), mechanistic-interpretability-grokking/progress-measures-paper: one .pth file.

The file holds `model` (transposed TransformerLens names), `config`, losses, and for whole runs `state_dicts`
with their `epochs`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from einops import rearrange
from jaxtyping import Int
from torch import Tensor

from groklens.errors import DamagedRun, described
from groklens.models.published import n_layers, told_by
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.author_defaults import BUFFERS, check_all_used, settled
from groklens.runs.readers.config_fields import flag, one_of, real, whole
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.own_model import filled
from groklens.runs.readers.safe_loading import legacy_model, read_torch, reading
from groklens.runs.readers.weight_files import check_one_model
from groklens.runs.run import Run
from groklens.tasks import ModularArithmetic, Task

NAME = "nanda"
_OPERATIONS = {"add": "add", "subtract": "sub", "sub": "sub", "x2xyy2": "a^2+ab+b^2"}
_ACTIVATIONS = {"relu": "relu", "gelu": "gelu"}
#: What the authors' code sets where the file is silent.
_CODE = {"act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}
_TURNED = ("W_K", "W_Q", "W_V", "W_O", "W_in", "W_out")
#: Biases, which have one shape in all code, and masks, which tell the direction of attention.
_AS_THEY_ARE = ("b_K", "b_Q", "b_V", "b_O", "b_in", "b_out", "b_U", *BUFFERS)


def recognises(path: Path) -> bool:
    """Whether `path` is a .pth file whose dictionary has transposed weights under `model` or `state_dicts`."""
    if not path.is_file() or path.suffix not in (".pth", ".pt"):
        return False
    try:
        content = read_torch(path)
        return isinstance(content, dict) and _transposed(_states(path, content))
    except (DamagedRun, TypeError, ValueError, AttributeError):
        return False


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The run, with every model that the file holds; its split where the file says both its share and its seed.

    A task that is given counts where the file does not say its operation (`fn_name`).
    """
    content = read_torch(path)
    with reading(path):
        return _run(path, content, told or LoadArguments())


def _run(path: Path, content: Any, told: LoadArguments) -> Run:
    states = _states(path, content) if isinstance(content, dict) else {}
    if not _transposed(states):
        raise DamagedRun(f"{path} holds no model of this kind: no `model` with embed.W_E (d_model, d_vocab).")
    check_one_model(path, content, ("state_dicts", "epochs"))
    config = content.get("config") or {}
    if not isinstance(config, Mapping):
        raise DamagedRun(f"{path} has {described(config)} for its config; a dictionary is expected.")
    config = {str(name): value for name, value in config.items()}
    last = states[max(states)]
    task, taken = _task(path, config, last["embed.W_E"].shape[1], told)
    models, more = _models(path, states, task, config, told)
    models[max(models)]()  # what is wrong with the file is said now, not at the first use
    share = real(config, "frac_train", path, least=0, most=1) if "frac_train" in config else None
    split = _split(len(task.labels), share, config, path)
    history = _history(content)
    known = with_taken(config, taken | more)
    return foreign_run(
        path.stem, task, models, NAME, split, known, history, train_share=share if split is None else None
    )


def _task(
    path: Path, config: dict[str, Any], d_vocab: int, told: LoadArguments
) -> tuple[Task, dict[str, Any]]:
    """The task, and what of it neither the file nor the user says."""
    p = whole(config, "p", path, d_vocab - 1, least=2, most=d_vocab)
    if "fn_name" in config and (told.task is None or config["fn_name"] in _OPERATIONS):
        return ModularArithmetic(p, one_of(config, "fn_name", path, _OPERATIONS)), {}
    task = told.task_or(ModularArithmetic(p, "add"), path, f"p = {p}")
    return task, {} if told.task is not None else {"task": f"{task.name}: the operation is not in the file"}


def _models(
    path: Path,
    states: Mapping[int, dict[str, Any]],
    task: Task,
    config: dict[str, Any],
    told: LoadArguments,
) -> tuple[dict[int, Callable[[], Any]], dict[str, Any]]:
    """The models by step, and what of their configuration neither the file nor the user says."""
    if told.model is not None:
        told.refuse(path, "config", why="takes its configuration from the model given")
        return {step: partial(filled, told.model, state, path) for step, state in states.items()}, {}
    _check_sizes(path, config, states[max(states)])
    said = {"act_fn": one_of(config, "act_type", path, _ACTIVATIONS)} if "act_type" in config else {}
    said |= {"normalization_type": None} if "use_ln" in config else {}  # it is false: checked above
    full, taken = settled(told_by(straight(states[max(states)], path)) | said, _CODE, told, path)
    models: dict[int, Callable[[], Any]] = {
        step: partial(_model, path, state, task, full) for step, state in states.items()
    }
    return models, taken


def _check_sizes(path: Path, config: dict[str, Any], state: dict[str, Any]) -> None:
    """Raise where the configuration contradicts the weights, or has norms, which this code never had."""
    if flag(config, "use_ln", path, default=False):
        raise DamagedRun(
            f"{path} says that use_ln is True, and how it normalises is not known here; give the model: "
            "gl.load(path, model=model)."
        )
    query, inward = state.get("blocks.0.attn.W_Q"), state.get("blocks.0.mlp.W_in")
    found = {"d_model": state["embed.W_E"].shape[0], "num_layers": n_layers(state)}
    found |= {} if query is None else {"num_heads": query.shape[0]}
    found |= {} if inward is None else {"d_mlp": inward.shape[0]}
    for name, size in found.items():
        if whole(config, name, path, size) != size:
            raise DamagedRun(
                f"{path} says that {name} is {config[name]}, and its weights have {size}; copy it again."
            )


def _states(path: Path, content: dict[Any, Any]) -> dict[int, dict[str, Any]]:
    """Weights by step: the checkpoints where there are any, and the last model."""
    epochs, saved = content.get("epochs", []), content.get("state_dicts")
    saved = saved if isinstance(saved, (list, tuple)) else []
    states = dict(zip(map(_epoch, epochs), saved, strict=True)) if saved else {}
    if len(states) < len(saved):
        raise DamagedRun(f"{path} names an epoch more than once; copy it again.")
    if "model" in content:
        states[_epoch(content.get("epoch", max(states, default=0)))] = content["model"]
    return {step: state for step, state in states.items() if isinstance(state, dict)}


def _epoch(value: object) -> int:
    value = value.item() if isinstance(value, Tensor) and value.ndim == 0 else value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError(f"an epoch is {described(value)}, and a whole number from 0 is expected")
    return value


def _transposed(states: dict[int, dict[str, Any]]) -> bool:
    if not states:
        return False
    state = states[max(states)]
    try:
        return bool(
            state["embed.W_E"].shape[0] == state["pos_embed.W_pos"].shape[1] != state["embed.W_E"].shape[1]
        )
    except (KeyError, AttributeError, IndexError):
        return False


def _model(path: Path, state: dict[str, Any], task: Task, config: Mapping[str, Any]) -> Any:
    with reading(path):
        return legacy_model(path, straight(state, path), task, config)


def straight(state: dict[str, Any], path: Path) -> dict[str, Any]:
    """The file's weights, most of which are transposed, in TransformerLens' shapes."""
    try:
        weights = {"pos_embed.W_pos": state["pos_embed.W_pos"], "embed.W_E": state["embed.W_E"].T}
        weights["unembed.W_U"] = state["unembed.W_U"]
        for name, tensor in state.items():
            leaf = name.rpartition(".")[2]
            if leaf in _TURNED:
                weights[name] = _turned(state, name)
            elif leaf in _AS_THEY_ARE:
                weights[name] = tensor
    except KeyError as error:
        raise DamagedRun(f"{path} lacks {error}, so it is no transformer of this repository.") from error
    check_all_used(path, state, weights)
    return weights


def _turned(state: Mapping[str, Tensor], name: str) -> Tensor:
    """A matrix in TransformerLens' shape."""
    leaf, tensor = name.rpartition(".")[2], state[name]
    if leaf in ("W_in", "W_out"):
        return tensor.T
    if leaf == "W_O":
        n_heads = state[name.replace("W_O", "W_Q")].shape[0]
        return rearrange(tensor, "d_model (head d_head) -> head d_head d_model", head=n_heads)
    return rearrange(tensor, "head d_head d_model -> head d_model d_head")


def _split(
    n_inputs: int, share: float | None, config: dict[str, Any], path: Path
) -> Int[Tensor, "train"] | None:
    """The authors' split: the first share of Python's shuffle of the list of pairs; None where it is not saved."""
    seed = whole(config, "seed", path, least=-(2**63), most=2**63) if "seed" in config else None
    if share is None or seed is None:
        return None
    pairs = list(range(n_inputs))
    random.Random(seed).shuffle(pairs)
    return torch.tensor(sorted(pairs[: int(share * n_inputs)]), dtype=torch.long)


def _history(content: dict[str, Any]) -> xr.Dataset:
    train = content.get("train_losses") or []
    return xr.Dataset(
        {"train_loss": ("step", [float(v) for v in train], {"units": "nats"})},
        coords={"step": range(len(train))},
    )
