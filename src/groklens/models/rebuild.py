"""Describing a model as JSON, and rebuilding it, so that a run on disk opens without the code that made it."""

from __future__ import annotations

from typing import Any

import torch

from groklens.errors import BadArgument, described, one_line, shown
from groklens.models.answering import is_hooked, own_model
from groklens.models.bridge_config import bridge_described, config_of
from groklens.models.configs import checked_mlp, checked_transformer

_CONFIG = (
    "n_layers", "d_model", "n_heads", "d_head", "d_mlp", "act_fn", "attn_only", "normalization_type",
    "attention_dir", "positional_embedding_type", "gated_mlp", "d_vocab", "d_vocab_out", "n_ctx", "eps",
    "n_key_value_heads", "final_rms", "rotary_base", "rotary_dim", "attn_scores_soft_cap",
    "output_logits_soft_cap",
)  # fmt: skip
_MLP_CONFIG = ("n_operands", "d_vocab", "d_vocab_out", "d_mlp", "d_model", "combine", "act_fn")


def describe_model(model: Any) -> dict[str, Any]:
    """What `rebuild_model` needs: the class, and its configuration where groklens knows how to use it."""
    if is_hooked(model):
        return {"kind": type(own_model(model)).__name__, "hooked": True}
    kind = type(model).__name__
    description: dict[str, Any] = {"kind": kind}
    if type(getattr(model, "original_model", None)).__name__ == "NativeModel":
        description["config"] = {name: getattr(model.cfg, name, None) for name in _CONFIG}
    elif (saved := config_of(model)) is not None:
        description["transformers"] = saved
    elif kind == "HookedMLP":
        description["config"] = {name: getattr(model.cfg, name) for name in _MLP_CONFIG}
        description["config"]["embeds"] = model.W_E is not None
        if model.cfg.d_in is not None:  # features, in the place of tokens
            description["config"] = {**description["config"], "d_in": model.cfg.d_in}
            del description["config"]["d_vocab"]
        if model.cfg.positions != tuple(range(model.cfg.n_operands)):  # left out at its default
            description["config"]["positions"] = list(model.cfg.positions)
    return description


def rebuild_model(description: dict[str, Any]) -> Any:
    """A model of that description, its weights arbitrary; `BadArgument` for a class that is the user's own.

    Every field is checked before anything is built, and named where it is none of a model's, is of another type, or
    asks for more memory than there is.

    >>> rebuild_model(describe_model(gl.MLP().build(task, seed=0)))  # doctest: +SKIP
    """
    kind = description.get("kind") if isinstance(description, dict) else None
    if not isinstance(kind, str):
        raise BadArgument(
            f"The description of the model is {described(description)}; it needs a kind and a config, such as "
            "{'kind': 'HookedMLP', 'config': {…}}."
        )
    config = description.get("config")
    if description.get("hooked"):
        raise BadArgument(
            f"This run's model is a {shown(kind)}, a torch module that gl.hooked gave hooks; pass one for its weights "
            f"to be loaded into: gl.load(path, model=gl.hooked({shown(kind)}(...)))."
        )
    if kind == "TransformerBridge" and description.get("transformers") is not None:
        return bridge_described(description["transformers"])
    if kind not in ("HookedMLP", "TransformerBridge") or config is None or config == {}:
        raise BadArgument(
            f"This run's model is a {shown(kind)}, a class that groklens cannot build; pass one for its "
            "weights to be loaded into: gl.load(path, model=MyModel(...))."
        )
    if not isinstance(config, dict):
        raise BadArgument(f"The config of the model is {described(config)}; it holds a value by field.")
    sizes = checked_mlp(config) if kind == "HookedMLP" else checked_transformer(config)
    try:
        with torch.random.fork_rng(devices=[]):
            return _mlp(sizes) if kind == "HookedMLP" else _transformer(sizes)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise BadArgument(
            f"The config of the model builds no {kind}: {type(error).__name__}: {one_line(str(error))}; compare it "
            "with describe_model of one that was built."
        ) from error


def _mlp(config: dict[str, Any]) -> Any:
    from groklens.models.hooked_mlp import HookedMLP

    width, embeds = config.pop("d_model"), config.pop("embeds")
    return HookedMLP(d_embed=width if embeds else None, **config)


def _transformer(config: dict[str, Any]) -> Any:
    from groklens.models.lens import TransformerBridge, TransformerBridgeConfig

    return TransformerBridge.boot_native(TransformerBridgeConfig(init_weights=False, **config))
