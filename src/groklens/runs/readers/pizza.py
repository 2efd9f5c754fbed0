"""Models of Zhong et al. (2023), github.com/fjzzq2002/pizza: `model_ID.pt` beside `config_ID.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from einops import rearrange
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.foreign import ForeignRun
from groklens.runs.readers.safe import load_weights, read_config, read_state, reading
from groklens.tasks import ModularArithmetic

NAME = "pizza"


def recognises(path: Path) -> bool:
    """Whether `path` is such a model file, its configuration, or a folder with exactly one of them."""
    return _model_file(path) is not None


def read(path: Path) -> ForeignRun:
    """One trained model as a run of one step; of its split only the share trained on was saved."""
    file = _model_file(path)
    if file is None:
        raise DamagedRun(
            f"{path} is no model of the pizza repository: no model_ID.pt beside a config_ID.json."
        )
    config = read_config(_config_file(file))
    with reading(_config_file(file)):
        task, step = _task(config), int(config.get("epoch", 0))
        share = float(config["frac"]) if "frac" in config else None
    _model(file, config, task)  # what is wrong with the file is said now, not at the first use
    models = {step: lambda: _model(file, config, task)}
    name = str(config.get("runid", file.stem))
    return ForeignRun(name, task, models, NAME, known=config, train_share=share)


def _task(config: dict[str, Any]) -> ModularArithmetic:
    return ModularArithmetic(
        int(config["C"]),
        "add",
        separator=bool(config.get("eqn_sign", False)),
        shared_vocab=not (config.get("diff_vocab", False) or config.get("model_type") == "X"),
    )


def _model(file: Path, config: dict[str, Any], task: ModularArithmetic) -> Any:
    build = _linear if "model_type" in config else _transformer
    with reading(file):
        return build(file, config, task)


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


def _transformer(file: Path, config: dict[str, Any], task: ModularArithmetic) -> Any:
    from groklens.models.part_uniform import PartUniformTransformer

    state = read_state(file)
    d_model, n_heads = int(config["d_model"]), int(config["n_heads"])
    d_head = int(config.get("d_head", d_model // n_heads))
    n_layers = int(config.get("n_layers", 1))
    model = PartUniformTransformer(
        n_layers=n_layers,
        n_heads=n_heads,
        d_model=d_model,
        d_head=d_head,
        d_mlp=4 * d_model,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab,
        n_ctx=task.n_ctx,
        act_fn=str(config.get("act_fn", "relu")).lower(),
        attn_coeff=float(config["attn_coeff"]),
    )
    return load_weights(model, _renamed(state, n_layers, n_heads, file), file)


def _renamed(state: dict[str, Tensor], n_layers: int, n_heads: int, file: Path) -> dict[str, Tensor]:
    """The file's names and transposed shapes as TransformerLens has them."""
    try:
        weights = {
            "embed.W_E": state["embed.W_E"].T,
            "pos_embed.W_pos": state["pos_embed.W_pos"],
            "unembed.W_U": state["unembed.W_U"],
        }
        for layer in range(n_layers):
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
    return weights


def _linear(file: Path, config: dict[str, Any], task: ModularArithmetic) -> Any:
    import torch

    from groklens.models.pair_network import KINDS, PairNetwork

    kind, state = str(config["model_type"]), read_state(file)
    if kind not in KINDS:
        raise DamagedRun(f"{_config_file(file)} has model_type {kind!r}; known are {', '.join(KINDS)}.")
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
    model = PairNetwork(
        kind=kind,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        d_embed=weights["W_E"].shape[1],
        d_mlp=weights["W_U"].shape[0],
    )
    return load_weights(model, weights, file)
