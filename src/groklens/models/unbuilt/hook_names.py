"""The names of the hooks of a TransformerLens bridge over its own transformer, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ENDS = ("hook_in", "hook_out")
_ATTENTION = (
    *_ENDS, "hook_attn_scores", "hook_pattern", "hook_hidden_states", "hook_result", "hook_attn_in", "hook_q_input",
    "hook_k_input", "hook_v_input", *(f"{part}.{end}" for part in "qkvo" for end in _ENDS),
)  # fmt: skip
_MLP = tuple(f"{part}{end}" for part in ("", "in.", "out.") for end in _ENDS)


def hook_names_of(config: Mapping[str, Any]) -> list[str]:
    """The names of all hooks of a bridge with this description: first those of its parts, then what else they go by."""
    alone, ends = config["attn_only"], [f"{part}.{end}" for part in ("embed", "pos_embed") for end in _ENDS]
    blocks = [f"blocks.{layer}" for layer in range(config["n_layers"])]
    own = [f"{block}.{name}" for block in blocks for name in _of_a_layer(alone)]
    last = [f"{part}.{end}" for part in ("ln_final", "unembed") for end in _ENDS]
    aliases = ["hook_embed", "hook_pos_embed", "hook_unembed"]
    for block in blocks:
        aliases += [f"{block}.{name}" for name in _aliases(alone)]
        aliases += [f"{block}.attn.hook_{name}" for name in "kqvz"]
        aliases += [] if alone else [f"{block}.mlp.hook_post", f"{block}.mlp.hook_pre"]
    return [*ends, *own, *last, *aliases]


def _of_a_layer(attention_alone: bool) -> list[str]:
    mlp = [] if attention_alone else [*(f"ln2.{end}" for end in _ENDS), *(f"mlp.{name}" for name in _MLP)]
    norm = [f"ln1.{end}" for end in _ENDS]
    return [*_ENDS, "hook_mlp_in", *norm, *(f"attn.{name}" for name in _ATTENTION), *mlp]


def _aliases(attention_alone: bool) -> list[str]:
    of_mlp = {"hook_mlp_out", "hook_resid_mid"} if attention_alone else set()
    every = (
        "attn_in",
        "attn_out",
        "k_input",
        "mlp_out",
        "q_input",
        "resid_mid",
        "resid_post",
        "resid_pre",
        "v_input",
    )
    return [name for each in every if (name := f"hook_{each}") not in of_mlp]
