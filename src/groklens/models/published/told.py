"""The configuration that a transformer's weights imply by names and shapes, and what they leave open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.models.published.saved_config import CHOICES

#: `old`: TransformerLens ≤ 3 (`blocks.0.attn.W_Q`); `bridge`: TransformerLens 4's `bridge.state_dict()`.
Names = Literal["old", "bridge"]
_QUERY = {"old": "blocks.0.attn.W_Q", "bridge": "blocks.0.attn.q.weight"}
_EMBED = {"old": "embed.W_E", "bridge": "embed.weight"}


def names_of(weights: Mapping[str, Any]) -> Names | None:
    """Whose names the weights have, or None for neither.

    >>> names_of({"embed.W_E": 0, "blocks.0.attn.W_Q": 0})
    'old'
    """
    kinds: tuple[Names, ...] = ("old", "bridge")
    return next((kind for kind in kinds if _EMBED[kind] in weights and _QUERY[kind] in weights), None)


def told_by(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The configuration that names and shapes tell, by TransformerLens' names; what is not in it, they do not tell.

    Raises `DamagedRun` for weights that are not one transformer's.

    >>> told_by(state)["n_layers"]  # doctest: +SKIP
    1
    """
    try:
        told = _old(weights) if names_of(weights) == "old" else _bridge(weights)
        told |= (
            _norms(weights, ".w", ".b") if names_of(weights) == "old" else _norms(weights, ".weight", ".bias")
        )
    except (KeyError, ValueError, IndexError) as error:
        lacks = f"they lack {error}" if isinstance(error, KeyError) else str(error)
        raise DamagedRun(f"These weights are not those of one TransformerLens model: {lacks}") from error
    told["n_layers"] = n_layers(weights)
    return told


def left_open(told: Mapping[str, Any]) -> tuple[str, ...]:
    """What has to be said of a model beside its weights, as far as `told` does not say it.

    >>> left_open({"n_heads": 4, "act_fn": "relu", "normalization_type": "LN", "positional_embedding_type": "standard"})
    ('attention_dir',)
    """
    needed = ["n_heads", "act_fn", "normalization_type", "attention_dir", "positional_embedding_type"]
    if told.get("attn_only"):
        needed.remove("act_fn")
    return tuple(name for name in needed if name not in told)


def choices_left(name: str, weights: Mapping[str, Tensor]) -> tuple[str | None, ...]:
    """The values that a name may still have, given the weights: no norm that would have weights of its own."""
    if name == "normalization_type":
        return (None, "LNPre", "RMSPre")
    if name == "act_fn":
        return tuple(value for value in CHOICES[name] if value != "solu_ln")
    return CHOICES.get(name, ())


def n_layers(weights: Mapping[str, Any]) -> int:
    """The number of blocks; `DamagedRun` where one is missing between them.

    >>> n_layers({"blocks.0.attn.W_Q": 0, "blocks.1.attn.W_Q": 0})
    2
    """
    found = {name.split(".")[1] for name in weights if name.startswith("blocks.")}
    layers = sorted(int(name) for name in found if name.isdigit() and len(name) < 9)
    if len(layers) < len(found) or layers != list(range(len(layers))):
        raise DamagedRun(
            f"These weights are those of blocks {', '.join(sorted(found)[:9])}, with some between missing."
        )
    return len(layers)


def _old(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    n_heads, d_model, d_head = _shape(weights, "blocks.0.attn.W_Q", 3)
    keys = next((name for name in ("_W_K", "W_K") if f"blocks.0.attn.{name}" in weights), "W_K")
    told: dict[str, Any] = {"n_heads": n_heads, "d_model": d_model, "d_head": d_head}
    told |= _key_heads(_shape(weights, f"blocks.0.attn.{keys}", 3)[0], n_heads)
    told |= {
        "d_vocab": _shape(weights, "embed.W_E", 2)[0],
        "d_vocab_out": _shape(weights, "unembed.W_U", 2)[1],
    }
    told |= _mlp(weights, "W_in", "W_gate", axis=1)
    if "pos_embed.W_pos" in weights:
        told |= {"n_ctx": _shape(weights, "pos_embed.W_pos", 2)[0], "positional_embedding_type": "standard"}
    if any(name.endswith(("rotary_sin", "rotary_cos")) for name in weights):
        raise ValueError(
            "TransformerLens ≤ 3 rotates other pairs of entries than TransformerLens 4 builds; give the model itself"
        )
    return told | _direction(weights)


def _bridge(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    _, d_model = _shape(weights, "blocks.0.attn.q.weight", 2)
    told: dict[str, Any] = {"d_model": d_model, "d_vocab": _shape(weights, "embed.weight", 2)[0]}
    told["d_vocab_out"] = _shape(weights, "unembed.weight", 2)[0]
    told |= _mlp(weights, "in.weight", "gate.weight", axis=0)
    if "pos_embed.weight" in weights:
        told |= {"n_ctx": _shape(weights, "pos_embed.weight", 2)[0], "positional_embedding_type": "standard"}
    return told


def biases_left_out(weights: Mapping[str, Any], full: Mapping[str, Any]) -> list[str]:
    """The biases that weights of TransformerLens ≤ 3 do not have, of those that such a model has.

    >>> biases_left_out({"embed.W_E": 0, "blocks.0.attn.W_Q": 0, "unembed.b_U": 0}, {"n_layers": 1, "attn_only": True})
    ['blocks.0.attn.b_Q', 'blocks.0.attn.b_K', 'blocks.0.attn.b_V', 'blocks.0.attn.b_O']
    """
    if names_of(weights) != "old":
        return []
    own = [f"attn.b_{letter}" for letter in "QKVO"]
    own += [] if full.get("attn_only") or full.get("gated_mlp") else ["mlp.b_in", "mlp.b_out"]
    names = [f"blocks.{layer}.{name}" for layer in range(int(full["n_layers"])) for name in own]
    raw = {
        name: name.replace("b_K", "_b_K").replace("b_V", "_b_V") for name in names
    }  # as grouped heads are called
    return [name for name in (*names, "unembed.b_U") if name not in weights and raw.get(name) not in weights]


def heads_of_bridge(weights: Mapping[str, Tensor], n_heads: int) -> dict[str, int]:
    """The sizes of heads in TransformerLens 4's own weights, which tell them only once their number is known.

    Raises `DamagedRun` where they are not the weights of so many heads.
    """
    rows, keys = (_shape(weights, f"blocks.0.attn.{name}.weight", 2)[0] for name in "qk")
    if rows % n_heads or not keys or rows % keys or keys % (rows // n_heads):
        raise DamagedRun(
            f"These weights are not those of {n_heads} heads: W_Q has {rows} rows and W_K {keys}."
        )
    d_head = rows // n_heads
    return {"n_heads": n_heads, "d_head": d_head, **_key_heads(keys // d_head, n_heads)}


def _key_heads(found: int, n_heads: int) -> dict[str, int]:
    return {} if found == n_heads else {"n_key_value_heads": found}


def _mlp(weights: Mapping[str, Tensor], inward: str, gate: str, axis: int) -> dict[str, Any]:
    own = [name for name in weights if name.startswith("blocks.") and ".mlp." in name]
    # TransformerLens 4 lists zeros for the MLP that a model without one does not have.
    if not any(bool(weights[name].count_nonzero()) for name in own):
        return {"attn_only": True}
    shape = _shape(weights, f"blocks.0.mlp.{inward}", 2)
    told = {"attn_only": False, "d_mlp": shape[axis], "gated_mlp": f"blocks.0.mlp.{gate}" in weights}
    # Of all activations, one alone has a norm of its own.
    return told | ({"act_fn": "solu_ln"} if any(".mlp.ln." in name for name in own) else {})


def _norms(weights: Mapping[str, Tensor], scale: str, shift: str) -> dict[str, Any]:
    """Which norms there are, by their weights: those without any do not show."""
    final = {"final_rms": True} if f"ln_final{scale}" in weights and f"ln_final{shift}" not in weights else {}
    if f"blocks.0.ln1{scale}" not in weights:
        return final
    return (
        {"normalization_type": "LN", **final}
        if f"blocks.0.ln1{shift}" in weights
        else {"normalization_type": "RMS"}
    )


def _direction(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the mask beside the weights of TransformerLens ≤ 3 says."""
    masks = [mask.bool() for name, mask in weights.items() if name.endswith("attn.mask")]
    if not masks or max(masks[0].shape, default=0) < 2:
        return {}
    lower = torch.ones(masks[0].shape, dtype=torch.bool).tril()
    if all(mask.shape == lower.shape and bool((mask == lower).all()) for mask in masks):
        return {"attention_dir": "causal"}
    if all(bool(mask.all()) for mask in masks):
        return {"attention_dir": "bidirectional"}
    raise ValueError("their masks are neither causal nor open, and local attention is not built here")


def _shape(weights: Mapping[str, Tensor], name: str, ndim: int) -> tuple[int, ...]:
    shape = tuple(weights[name].shape)
    if len(shape) != ndim or 0 in shape:
        raise ValueError(f"{name} has the shape {shape}, and {ndim} axes with entries are expected")
    return shape
