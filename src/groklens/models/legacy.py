"""Bridges from weights by the names of TransformerLens ≤ 3 (`blocks.0.attn.W_Q`, `embed.W_E`, …)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun

#: Entries of old state dictionaries that are no weights.
_NOT_WEIGHTS = ("mask", "IGNORE", "x_embed", "y_embed", "rotary_sin", "rotary_cos")


def bridge_from_legacy(weights: dict[str, Tensor], config: dict[str, Any] | None = None) -> Any:
    """A `TransformerBridge` with these weights; sizes are read off their shapes, the rest from `config`.

    `config` may say `act_fn` (relu unless it does), `normalization_type`, `attention_dir`,
    `positional_embedding_type` and `eps`; without it, layer norms are taken to be there when their weights are.
    Raises `DamagedRun` when names or shapes are not those of one transformer.
    """
    from groklens.models.lens import TransformerBridge, TransformerBridgeConfig, convert_tl_checkpoint

    given = {name: t for name, t in weights.items() if name.split(".")[-1] not in _NOT_WEIGHTS}
    try:
        bridge_config = TransformerBridgeConfig(init_weights=False, **_config(given, config or {}))
        with torch.random.fork_rng(devices=[]):
            bridge = TransformerBridge.boot_native(bridge_config)
        converted = convert_tl_checkpoint(given, bridge_config)
        converted = {name: tensor.float().contiguous() for name, tensor in converted.items()}
        # Old files may leave out biases that were never trained; TransformerLens 4 always has them.
        zeros = {
            name: torch.zeros_like(t) for name, t in bridge.state_dict().items() if name.endswith("bias")
        }
        bridge.load_state_dict(zeros | converted)
    except (KeyError, ValueError, RuntimeError, IndexError) as error:
        raise DamagedRun(f"These weights are not those of one TransformerLens model: {error}") from error
    return bridge


def _config(weights: dict[str, Tensor], config: dict[str, Any]) -> dict[str, Any]:
    n_heads, d_model, d_head = weights["blocks.0.attn.W_Q"].shape
    has_mlp = "blocks.0.mlp.W_in" in weights
    normed = "blocks.0.ln1.w" in weights
    known = ("normalization_type", "attention_dir", "positional_embedding_type", "eps")
    return {
        "n_layers": 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks.")),
        "n_heads": n_heads,
        "d_model": d_model,
        "d_head": d_head,
        "d_mlp": weights["blocks.0.mlp.W_in"].shape[1] if has_mlp else 4 * d_model,
        "attn_only": not has_mlp,
        "act_fn": config.get("act_fn") or "relu",
        "normalization_type": "LN" if normed else None,
        "d_vocab": weights["embed.W_E"].shape[0],
        "d_vocab_out": weights["unembed.W_U"].shape[1],
        "n_ctx": weights["pos_embed.W_pos"].shape[0]
        if "pos_embed.W_pos" in weights
        else int(config["n_ctx"]),
    } | {name: config[name] for name in known if name in config}
