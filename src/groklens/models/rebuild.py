"""Models to and from plain JSON values, so that a run on disk can be opened without the code that made it."""

from __future__ import annotations

from typing import Any

import torch

from groklens.errors import BadArgument

_CONFIG = (
    "n_layers", "d_model", "n_heads", "d_head", "d_mlp", "act_fn", "attn_only", "normalization_type",
    "attention_dir", "positional_embedding_type", "gated_mlp", "d_vocab", "d_vocab_out", "n_ctx", "eps",
    "n_key_value_heads", "final_rms", "rotary_base", "rotary_dim", "attn_scores_soft_cap",
    "output_logits_soft_cap",
)  # fmt: skip
_MLP_CONFIG = ("n_operands", "d_vocab", "d_vocab_out", "d_mlp", "d_model", "combine", "act_fn")


def describe_model(model: Any) -> dict[str, Any]:
    """What `rebuild_model` needs: the class, and its configuration where groklens knows how to use it."""
    kind = type(model).__name__
    description: dict[str, Any] = {"kind": kind}
    if type(getattr(model, "original_model", None)).__name__ == "NativeModel":
        description["config"] = {name: getattr(model.cfg, name, None) for name in _CONFIG}
    elif kind == "HookedMLP":
        description["config"] = {name: getattr(model.cfg, name) for name in _MLP_CONFIG}
        description["config"]["embeds"] = model.W_E is not None
    return description


def rebuild_model(description: dict[str, Any]) -> Any:
    """A model of that description, its weights arbitrary; `BadArgument` for a class that is the user's own."""
    config = dict(description.get("config") or {})
    with torch.random.fork_rng(devices=[]):
        if config and description["kind"] == "HookedMLP":
            from groklens.models.hooked_mlp import HookedMLP

            width, embeds = config.pop("d_model"), config.pop("embeds")
            return HookedMLP(d_embed=width if embeds else None, **config)
        if config and description["kind"] == "TransformerBridge":
            from groklens.models.lens import TransformerBridge, TransformerBridgeConfig

            return TransformerBridge.boot_native(TransformerBridgeConfig(init_weights=False, **config))
    raise BadArgument(
        f"This run's model is a {description['kind']}, a class that groklens cannot build; pass one for its "
        "weights to be loaded into: gl.load(path, model=MyModel(...))."
    )
