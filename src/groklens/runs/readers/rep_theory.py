"""Models of Chughtai et al. (2023), github.com/bilal-chughtai/rep-theory-mech-interp: a folder with two files.

`cfg.json` says the group, the architecture and the split, `model.pt` the weights; nothing else is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.foreign import ForeignRun
from groklens.runs.readers.safe import legacy_model, load_weights, read_config, read_state, reading
from groklens.tasks import GroupComposition, Task

NAME = "rep_theory"
_GROUPS = {"CyclicGroup": "C", "DihedralGroup": "D", "SymmetricGroup": "S", "AlternatingGroup": "A"}


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with `cfg.json` and `model.pt`."""
    return (path / "cfg.json").is_file() and (path / "model.pt").is_file()


def read(path: Path) -> ForeignRun:
    """The trained model as a run of one step, with the authors' split."""
    config = read_config(path / "cfg.json")
    file = path / "model.pt"
    letter = _GROUPS.get(str(config.get("group")))
    if letter is None:
        raise DamagedRun(
            f"{path / 'cfg.json'} names the group {config.get('group')!r}; known are {', '.join(_GROUPS)}."
        )
    with reading(path / "cfg.json"):
        task = GroupComposition(f"{letter}{int(config['group_parameter'])}")
        train_index = _split(len(task.labels), float(config["frac_train"]), config.get("seed", 0))
        step = int(config.get("num_epochs", 0))
    _model(file, task)  # what is wrong with the file is said now, not at the first use
    return ForeignRun(path.name, task, {step: lambda: _model(file, task)}, NAME, train_index, config)


def _model(file: Path, task: Task) -> Any:
    state = read_state(file)
    with reading(file):
        return _mlp(state, task, file) if "W_x" in state else legacy_model(file, state, task)


def _mlp(state: dict[str, Tensor], task: Task, file: Path) -> Any:
    """relu([W_x[a] ; W_y[b]] W) W_U, as one embedding of both halves that each operand reads its own half of."""
    from groklens.models.hooked_mlp import HookedMLP

    n, width = state["W_x"].shape
    d_mlp = state["W_U"].shape[0]
    model = HookedMLP(
        n_operands=2,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        d_mlp=d_mlp,
        d_embed=2 * width,
        combine="concat",
        act_fn="relu",
    )
    embedding, inward = torch.zeros(task.d_vocab, 2 * width), torch.zeros(2, 2 * width, d_mlp)
    embedding[:n] = torch.cat([state["W_x"], state["W_y"]], dim=1)
    inward[0, :width], inward[1, width:] = state["W"][:width], state["W"][width:]
    weights = {
        "W_E": embedding,
        "W_in": inward,
        "b_in": torch.zeros(d_mlp),
        "unembed.W_U": state["W_U"],
        "unembed.b_U": torch.zeros(task.d_vocab_out),
    }
    return load_weights(model, weights, file)


def _split(n_inputs: int, fraction: float, seed: int | bool) -> Int[Tensor, "train"]:
    """The authors' split: a seeded permutation, which a seed of 0 or False leaves out."""
    order = torch.arange(n_inputs)
    if seed:
        order = torch.randperm(n_inputs, generator=torch.Generator().manual_seed(int(seed)))
    return order[: int(fraction * n_inputs)].sort().values
