"""Reader of models by Chughtai et al. (2023), github.com/bilal-chughtai/rep-theory-mech-interp: a folder of two files.

`cfg.json` says the group, the architecture and the split, `model.pt` the weights; nothing else is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, described
from groklens.models import MLP_ACTIVATIONS
from groklens.models.published import biases_left_out, told_by
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.author_defaults import check_all_used, settled
from groklens.runs.readers.config_fields import largest, one_of, real, whole
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.own_model import filled
from groklens.runs.readers.safe_loading import (
    check_weights,
    legacy_model,
    load_weights,
    read_config,
    read_state,
    reading,
)
from groklens.runs.readers.state_dict import some_names
from groklens.runs.run import Run
from groklens.tasks import GroupComposition, Task, check_tokens

NAME = "rep_theory"
_GROUPS = {"CyclicGroup": "C", "DihedralGroup": "D", "SymmetricGroup": "S", "AlternatingGroup": "A"}
_ORDERS = {"C": lambda n: n, "D": lambda n: 2 * n, "S": math.factorial, "A": lambda n: math.factorial(n) // 2}
_KINDS = {"onelayermlp": "mlp", "mlp": "mlp", "transformer": "transformer"}
_ACTIVATIONS = {"relu": "relu", "gelu": "gelu"}
#: What the authors' code sets where the files are silent.
_CODE = {"act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}
_MLP_WEIGHTS = ("W_x", "W_y", "W", "W_U")


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with `cfg.json` and `model.pt`."""
    return (path / "cfg.json").is_file() and (path / "model.pt").is_file()


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The trained model as a run of one step, with the authors' split where the file gives its share and seed."""
    told = told or LoadArguments()
    said, file = path / "cfg.json", path / "model.pt"
    config, state = read_config(said), read_state(file)
    task = _task(said, config, state, told)
    kind = one_of(config, "model", said, _KINDS, "mlp" if "W_x" in state else "transformer")
    if kind != ("mlp" if "W_x" in state else "transformer"):
        raise DamagedRun(
            f"{said} says that model is {config['model']!r}, and {file} holds another; copy both again."
        )
    step = whole(config, "num_epochs", said, 0, least=0, most=2**62)
    share = real(config, "frac_train", said, least=0, most=1) if "frac_train" in config else None
    split = _split(said, len(task.labels), share, config)
    chosen, taken = _config(said, config, state, told)
    _model(file, task, told, chosen)  # what is wrong with the file is said now, not at the first use
    models = {step: lambda: _model(file, task, told, chosen)}
    known = with_taken(config, taken)
    return foreign_run(
        path.name, task, models, NAME, split, known, train_share=share if split is None else None
    )


def _task(said: Path, config: dict[str, Any], state: Mapping[str, Tensor], told: LoadArguments) -> Task:
    """The composition that the file names, or the task given where it names none."""
    if "group" not in config and told.task is not None:
        return told.task
    letter = _GROUPS.get(str(config.get("group")))
    if letter is None:
        raise DamagedRun(
            f"{said} names the group {str(config.get('group'))[:60]!r}; known are {', '.join(_GROUPS)}."
        )
    most = largest(state)
    parameter = whole(
        config, "group_parameter", said, most=most if letter in "CD" else 12, by=said.with_name("model.pt")
    )
    if _ORDERS[letter](parameter) > most:
        raise DamagedRun(
            f"{said} says that group_parameter is {parameter}: {letter}{parameter} has {_ORDERS[letter](parameter):,} "
            f"elements, and no weight in model.pt has so many entries on one axis ({most})."
        )
    with reading(said):
        return GroupComposition(f"{letter}{parameter}")


def _config(
    said: Path, config: dict[str, Any], state: Mapping[str, Tensor], told: LoadArguments
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration from the files, the user, and for the rest the authors' defaults."""
    if told.model is not None:
        told.refuse(said.parent, "config", why="takes its configuration from the model given")
        return {}, {}
    file = said.with_name("model.pt")
    check_weights(file, state)
    own = {"act_fn": one_of(config, "act_fn", said, _ACTIVATIONS)} if "act_fn" in config else {}
    if "W_x" in state:
        check_all_used(file, state, _MLP_WEIGHTS)
        return _config_of_mlp(said, own, told)
    with reading(file):
        own = told_by(state) | own
    chosen, taken = settled(own, _CODE, told, said)
    absent = biases_left_out(state, chosen)
    return chosen, taken | ({"biases": f"zero, as there is no {some_names(absent)}"} if absent else {})


def _config_of_mlp(
    said: Path, own: dict[str, Any], told: LoadArguments
) -> tuple[dict[str, Any], dict[str, Any]]:
    taken = {} if own else {"act_fn": _CODE["act_fn"]}
    chosen = told.config_or(own, taken, said)
    if chosen["act_fn"] not in MLP_ACTIVATIONS:
        known = ", ".join(MLP_ACTIVATIONS)
        if own:
            raise DamagedRun(f"{said} says that act_fn is {own['act_fn']!r}; known are {known}.")
        raise BadArgument(
            f"config= says that act_fn is {described(chosen['act_fn'])}; for {said}, choose {known}."
        )
    return chosen, told.not_said(taken)


def _model(file: Path, task: Task, told: LoadArguments, config: Mapping[str, Any]) -> Any:
    state = read_state(file)
    if told.model is not None:
        return filled(told.model, state, file)
    check_weights(file, state)
    with reading(file):
        if "W_x" in state:
            return _mlp(state, task, file, str(config["act_fn"]))
        return legacy_model(file, state, task, config)


def _mlp(state: dict[str, Tensor], task: Task, file: Path, act: str) -> Any:
    """act([W_x[a] ; W_y[b]] W) W_U, as one embedding of both halves that each operand reads its own half of."""
    from groklens.models import HookedMLP

    (n, width), d_vocab = state["W_x"].shape, check_tokens(task, "its weights")
    d_mlp = state["W_U"].shape[0]
    model = HookedMLP(
        n_operands=2,
        d_vocab=d_vocab,
        d_vocab_out=task.d_vocab_out,
        d_mlp=d_mlp,
        d_embed=2 * width,
        combine="concat",
        act_fn=act,
    )
    embedding, inward = torch.zeros(d_vocab, 2 * width), torch.zeros(2, 2 * width, d_mlp)
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


def _split(
    said: Path, n_inputs: int, share: float | None, config: dict[str, Any]
) -> Int[Tensor, "train"] | None:
    """The authors' split: a seeded permutation, which a seed of 0 or False leaves out; None where it is not said."""
    seed = int(config["seed"]) if isinstance(config.get("seed"), bool) else config.get("seed")
    if share is None or seed is None:
        return None
    number = whole({"seed": seed}, "seed", said, least=-(2**63), most=2**63 - 1)
    order = torch.arange(n_inputs)
    if number:
        order = torch.randperm(n_inputs, generator=torch.Generator().manual_seed(number))
    return order[: int(share * n_inputs)].sort().values
