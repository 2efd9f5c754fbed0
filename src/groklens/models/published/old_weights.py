"""Bridges from weights by TransformerLens' names: those of ≤ 3 (`blocks.0.attn.W_Q`, …), and `bridge.state_dict()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.models.published.told import heads_of_bridge, left_open, names_of, told_by

#: Entries of old state dictionaries that are no weights.
_NOT_WEIGHTS = ("mask", "IGNORE", "x_embed", "y_embed")
#: What TransformerLens takes where it is not said; it shows only where such a part is.
EPS, ROTARY_BASE = 1e-5, 10_000


def bridge_from_weights(
    weights: Mapping[str, Tensor], config: Mapping[str, Any], least_ctx: int | None = None
) -> Any:
    """A `TransformerBridge` with these weights; sizes are read off them, and `config` says what they do not tell.

    `config` is complete: it names all that `left_open` asks for. `least_ctx` is the number of positions where the
    weights name none. Raises `DamagedRun` when names or shapes are not those of one transformer of that kind.

    >>> bridge_from_weights(state, {"act_fn": "relu", "attention_dir": "causal", …})  # doctest: +SKIP
    """
    from groklens.models.lens import TransformerBridge, TransformerBridgeConfig

    full = full_config(weights, config, least_ctx)
    given = {name: t for name, t in weights.items() if name.split(".")[-1] not in _NOT_WEIGHTS}
    try:
        _check_room(full, given)
        settled = TransformerBridgeConfig(init_weights=False, **full)
        with torch.random.fork_rng(devices=[]):
            bridge = TransformerBridge.boot_native(settled)
        own = bridge.state_dict()
        native = _native(given, settled, own)
        _check_fit(native, own)
        bridge.load_state_dict(native)
    except (KeyError, ValueError, RuntimeError, IndexError, AssertionError) as error:
        raise DamagedRun(f"These weights are not those of one TransformerLens model: {error}") from error
    return bridge


def full_config(
    weights: Mapping[str, Tensor], config: Mapping[str, Any], least_ctx: int | None = None
) -> dict[str, Any]:
    """The whole configuration: what the weights tell, and what is said beside them."""
    full = {name: value for name, value in config.items() if name != "rotary_adjacent_pairs"} | told_by(
        weights
    )
    open_still = left_open(full)
    if open_still:
        raise DamagedRun(f"These weights do not tell {', '.join(open_still)}.")
    if names_of(weights) == "bridge":
        full |= heads_of_bridge(weights, int(full["n_heads"]))
    full.setdefault("act_fn", "relu")  # of a model without an MLP: no one asks for it
    full.setdefault("d_mlp", 4 * full["d_model"])
    full.setdefault("n_ctx", least_ctx or 1)
    return full


def granted(full: Mapping[str, Any]) -> dict[str, Any]:
    """What TransformerLens takes where neither weights nor configuration say it, of the parts that are there.

    >>> granted({"normalization_type": "LN", "act_fn": "gelu", "positional_embedding_type": "standard"})
    {'eps': 1e-05}
    """
    taken: dict[str, Any] = {}
    if full.get("normalization_type") or full.get("act_fn") == "solu_ln" or full.get("final_rms"):
        taken["eps"] = EPS
    if full.get("positional_embedding_type") == "rotary":
        taken |= {"rotary_base": ROTARY_BASE, "rotary_dim": full.get("d_head"), "rotary_adjacent_pairs": True}
    return {name: value for name, value in taken.items() if name not in full}


def by_new_names(weights: Mapping[str, Tensor], config: Any) -> dict[str, Tensor]:
    """Weights by TransformerLens 3's names, by those of TransformerLens 4; `ValueError` for another model's."""
    from groklens.models.lens import convert_tl_checkpoint

    return convert_tl_checkpoint(dict(weights), config)


def _native(weights: Mapping[str, Tensor], config: Any, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by TransformerLens 4's names and shapes."""
    if names_of(weights) == "old":
        converted = by_new_names(_without_zeros(weights, config), config)
        # Old files may leave out biases that were never trained; TransformerLens 4 always has them.
        zeros = {name: torch.zeros_like(own[name]) for name in own if _never_trained(name)}
        converted = zeros | converted
    else:
        converted = dict(weights)
    return {name: tensor.float().contiguous() for name, tensor in converted.items()}


def _check_fit(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    missing = [name for name in own if name not in weights]
    if missing:
        hint = ""
        if any(".mlp.ln." in name for name in missing):
            hint = "; tl_parameters() leaves that norm out, so save model.state_dict()"
        raise ValueError(f"they lack {_some(missing)}{hint}")
    more = [name for name in weights if name not in own]
    if more:
        raise ValueError(f"a model of this configuration has no {_some(more)}")
    wrong = [name for name in own if own[name].shape != weights[name].shape]
    if wrong:
        found, needed = tuple(weights[wrong[0]].shape), tuple(own[wrong[0]].shape)
        raise ValueError(f"{wrong[0]} has the shape {found}, and {needed} is expected")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _never_trained(name: str) -> bool:
    return name.endswith("bias") and ".ln" not in name and not name.startswith("ln_final")


def _without_zeros(weights: Mapping[str, Tensor], config: Any) -> dict[str, Tensor]:
    """Without the zeros that stand for parts a model does not have: an MLP, the biases of a gated one."""
    absent = (".mlp.",) if config.attn_only else (".mlp.b_in", ".mlp.b_out") if config.gated_mlp else ()
    return {
        name: tensor
        for name, tensor in weights.items()
        if not (any(part in name for part in absent) and not bool(tensor.count_nonzero()))
    }


def _check_room(full: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Refuse sizes that are said and that no weights stand behind, before memory is taken for them."""
    most = sum(tensor.numel() for tensor in weights.values())
    for name in ("n_ctx", "d_mlp", "d_model", "d_vocab", "rotary_dim"):
        if int(full.get(name) or 0) > max(most, 4096):
            raise ValueError(f"{name} is {full[name]:,}, and all weights together have {most:,} entries")
