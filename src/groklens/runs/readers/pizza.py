"""Reader of models by Zhong et al. (2023), github.com/fjzzq2002/pizza: `model_ID.pt` beside `config_ID.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from einops import rearrange
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, described
from groklens.models.published import n_layers
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.author_defaults import check_all_used, refuse_other
from groklens.runs.readers.config_fields import flag, largest, one_of, real, whole
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.own_model import filled
from groklens.runs.readers.safe_loading import check_weights, load_weights, read_config, read_state, reading
from groklens.runs.run import Run
from groklens.tasks import ModularArithmetic, Task

NAME = "pizza"
_FUNCTION = re.compile(r"lambda x: ?\(x\[0\] ?([+-]) ?x\[1\]\) ?% ?(\d{1,9})")
_ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "tanh": "tanh"}
#: "casual" is how the authors' files spell it; their code masks nothing then.
_DIRECTIONS = {"casual": "bidirectional", "bidirectional": "bidirectional"}


def recognises(path: Path) -> bool:
    """Whether `path` is such a model file, its configuration, or a folder with exactly one of them."""
    return _model_file(path) is not None


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """One trained model as a run of one step; only the share of inputs trained on was saved of its split.

    A task that is given counts where the configuration does not say its function (`funcs`).
    """
    told = told or LoadArguments()
    file = _model_file(path)
    if file is None:
        raise DamagedRun(
            f"{path} is no model of the pizza repository: no model_ID.pt beside a config_ID.json."
        )
    said, state = _config_file(file), read_state(file)
    config = read_config(said)
    own, task, taken = _tasks(said, config, state, told)
    step = whole(config, "epoch", said, 0, least=0, most=2**62)
    share = real(config, "frac", said, least=0, most=1) if "frac" in config else None
    chosen, more = _config(said, config, told)
    models = {step: partial(_model, file, config, own, chosen, told)}
    models[step]()  # what is wrong with the file is said now, not at the first use
    known = with_taken(config, taken | more)
    return foreign_run(
        str(config.get("runid", file.stem))[:200], task, models, NAME, known=known, train_share=share
    )


def _tasks(
    said: Path, config: dict[str, Any], state: Mapping[str, Tensor], told: LoadArguments
) -> tuple[ModularArithmetic, Task, dict[str, Any]]:
    """The inputs that the file describes, the task learned on them, and what of it nobody says."""
    p = whole(config, "C", said, least=2, most=largest(state), by=_model_file(said))
    own_tokens = config.get("model_type") == "X" or flag(config, "diff_vocab", said, default=False)
    shape = {"separator": flag(config, "eqn_sign", said, default=False), "shared_vocab": not own_tokens}
    with reading(said):
        own = ModularArithmetic(p, "add", **shape)
    function = config.get("funcs")
    found = _FUNCTION.fullmatch(function) if isinstance(function, str) else None
    if found is not None and int(found[2]) == p:
        return own, ModularArithmetic(p, "add" if found[1] == "+" else "sub", **shape), {}
    if function is not None and told.task is None:
        raise DamagedRun(
            f"{said} says that funcs is {described(function)}, which is not read here; say what it computes: "
            "gl.load(path, task=gl.TableTask(inputs, labels))."
        )
    task = told.task_or(own, said, f"C = {p}")
    asked = told.task is None and "model_type" not in config  # of linear models the code knows addition alone
    return own, task, {"task": f"{task.name}: the function is not in the file"} if asked else {}


def _config(said: Path, config: dict[str, Any], told: LoadArguments) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration from the file, the user, and for the rest the authors' defaults."""
    if told.model is not None:
        told.refuse(said, "config", why="takes its configuration from the model given")
        return {}, {}
    linear = "model_type" in config
    fixed: dict[str, Any] = {"act_fn": "relu"} if linear else _fixed(said, config)
    refuse_other(told, fixed, said)
    own = {"act_fn": one_of(config, "act_fn", said, _ACTIVATIONS)} if "act_fn" in config else {}
    chosen = told.config_or(own, {"act_fn": "relu"} | fixed, said)
    if chosen["act_fn"] not in _ACTIVATIONS:
        known = ", ".join(_ACTIVATIONS)
        raise BadArgument(
            f"config= says that act_fn is {described(chosen['act_fn'])}; for {said}, choose {known}."
        )
    there = {*own, *(() if "attention_dir" not in config else ("attention_dir",))}
    there |= {"normalization_type"} if "use_ln" in config else set()
    taken = {name: value for name, value in ({"act_fn": "relu"} | fixed).items() if name not in there}
    return chosen, told.not_said(taken)


def _fixed(said: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Values that all of the authors' transformers share; `DamagedRun` where the file contradicts them."""
    if flag(config, "use_ln", said, default=False):
        raise DamagedRun(
            f"{said} says that use_ln is True, and how it normalises is not known here; give the model: "
            "gl.load(path, task=task, model=model)."
        )
    direction = one_of(config, "attention_dir", said, _DIRECTIONS, "bidirectional")
    return {"attention_dir": direction, "normalization_type": None}


def _model(
    file: Path,
    config: dict[str, Any],
    task: ModularArithmetic,
    chosen: Mapping[str, Any],
    told: LoadArguments,
) -> Any:
    state = read_state(file)
    if told.model is not None:
        return filled(told.model, state, file)
    check_weights(file, state)
    with reading(file):
        if "model_type" in config:
            return _linear(file, state, config, task)
        return _transformer(file, state, config, task, str(chosen["act_fn"]))


def _model_file(path: Path) -> Path | None:
    if path.is_dir():
        found = [file for file in path.glob("model_*.pt") if _config_file(file).exists()]
        return found[0] if len(found) == 1 else None
    name = path.name
    if name.startswith("config_") and path.suffix == ".json":
        path = path.with_name(name.replace("config_", "model_", 1)).with_suffix(".pt")
    fits = path.name.startswith("model_") and path.suffix == ".pt" and _config_file(path).exists()
    return path if fits else None


def _config_file(model: Path) -> Path:
    return model.with_name(model.name.replace("model_", "config_", 1)).with_suffix(".json")


def _transformer(
    file: Path, state: dict[str, Tensor], config: dict[str, Any], task: ModularArithmetic, act_fn: str
) -> Any:
    from groklens.models.published import PartUniformTransformer

    said, most = _config_file(file), largest(state)
    d_model, n_heads = (whole(config, name, said, most=most, by=file) for name in ("d_model", "n_heads"))
    layers = n_layers(state)
    if whole(config, "n_layers", said, layers, most=len(state), by=file) != layers:
        raise DamagedRun(
            f"{said} says that n_layers is {config['n_layers']}, and {file.name} holds {layers}; copy both again."
        )
    model = PartUniformTransformer(
        n_layers=layers,
        n_heads=n_heads,
        d_model=d_model,
        d_head=whole(config, "d_head", said, max(1, d_model // n_heads), most=most, by=file),
        d_mlp=4 * d_model,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab,
        n_ctx=task.n_ctx,
        act_fn=act_fn,
        attn_coeff=real(config, "attn_coeff", said, least=-1e3, most=1e3),
    )
    return load_weights(model, _renamed(state, layers, n_heads, file), file)


def _renamed(state: dict[str, Tensor], layers: int, n_heads: int, file: Path) -> dict[str, Tensor]:
    """The file's weights by TransformerLens' names and shapes."""
    try:
        weights = {
            "embed.W_E": state["embed.W_E"].T,
            "pos_embed.W_pos": state["pos_embed.W_pos"],
            "unembed.W_U": state["unembed.W_U"],
        }
        for layer in range(layers):
            theirs = f"blocks.{layer}"
            for name in ("W_Q", "W_K", "W_V"):
                inward = rearrange(
                    state[f"{theirs}.attn.{name}"], "head d_head d_model -> head d_model d_head"
                )
                weights[f"{theirs}.attn.weights.{name}"] = inward
            weights[f"{theirs}.attn.weights.W_O"] = rearrange(
                state[f"{theirs}.attn.W_O"], "d_model (head d_head) -> head d_head d_model", head=n_heads
            )
            for name in ("W_in", "W_out"):
                weights[f"{theirs}.mlp.weights.{name}"] = state[f"{theirs}.mlp.{name}"].T
            for name in ("b_in", "b_out"):
                weights[f"{theirs}.mlp.weights.{name}"] = state[f"{theirs}.mlp.{name}"]
    except KeyError as error:
        raise DamagedRun(
            f"{file} lacks {error}: it is not the transformer that its configuration describes."
        ) from error
    check_all_used(file, state, (name.replace(".weights.", ".") for name in weights))
    return weights


def _linear(file: Path, state: dict[str, Tensor], config: dict[str, Any], task: ModularArithmetic) -> Any:
    import torch

    from groklens.models.published import KINDS, PairNetwork

    kind = config["model_type"]
    if kind not in KINDS:
        raise DamagedRun(
            f"{_config_file(file)} has model_type {described(kind)}; known are {', '.join(KINDS)}."
        )
    try:
        embeddings = ["embed1.weight", "embed2.weight"] if kind == "X" else ["embed.weight"]
        weights = {
            "W_E": torch.cat([state[name] for name in embeddings]),
            "W_U": state["unembed.weight"].T,
        }
        for layer in range(2 if kind in "BC" else 1):
            weights[f"blocks.{layer}.mlp.W_in"] = state[f"l{layer + 1}.weight"].T
            weights[f"blocks.{layer}.mlp.b_in"] = state[f"l{layer + 1}.bias"]
    except KeyError as error:
        raise DamagedRun(
            f"{file} lacks {error}: it is not the model {kind} that its configuration names."
        ) from error
    layers = [
        f"l{layer + 1}.{leaf}" for layer in range(2 if kind in "BC" else 1) for leaf in ("weight", "bias")
    ]
    check_all_used(file, state, [*embeddings, "unembed.weight", *layers])
    model = PairNetwork(
        kind=kind,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        d_embed=weights["W_E"].shape[1],
        d_mlp=weights["W_U"].shape[0],
    )
    return load_weights(model, weights, file)
