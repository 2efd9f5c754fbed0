"""The fields of a model's description, each checked for type and size before a model is built of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from groklens.errors import BadArgument, described, did_you_mean, whole_number
from groklens.models.activations import MLP_ACTIVATIONS
from groklens.models.mlp import COMBINATIONS
from groklens.models.sizes import MOST_LAYERS, check_weights, mlp_bytes, transformer_bytes
from groklens.value_checks import choice, flag, number

#: Operands of one input, and the last position at which one may stand.
MOST_OPERANDS, MOST_PLACE = 10_000, 1_000_000
Check = Callable[[str, Any], Any]
Config = dict[str, Any]


def _whole(name: str, value: Any, most: int = 2**63 - 1) -> int:
    return whole_number(name, value, 1, most=most)


def _among(*choices: Any) -> Check:
    return lambda name, value: choice(name, value, choices)


def _or_none(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


def _spelt(*choices: str | None) -> Check:
    """One of these, in capitals or not, as TransformerLens reads them."""
    known = {str(one).lower() for one in choices}

    def check(name: str, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in known - {"none"}:
            return value
        return choice(name, value, choices)

    return check


def _places(name: str, value: Any) -> list[int]:
    if not isinstance(value, (list, tuple)) or not value or len(value) > MOST_OPERANDS:
        raise BadArgument(f"{name} is {described(value)}; give the operands' positions, such as [0, 2].")
    return [whole_number(f"one of {name}", place, 0, such_as=0, most=MOST_PLACE) for place in value]


_CAPS = ("attn_scores_soft_cap", "output_logits_soft_cap")
_FLAGS = ("attn_only", "gated_mlp", "final_rms")
#: Fields of a `TransformerBridge` that is TransformerLens' own, and what each may be.
_TRANSFORMER: dict[str, Check] = {
    "n_layers": partial(_whole, most=MOST_LAYERS),
    **dict.fromkeys(("d_model", "n_heads", "d_head", "d_vocab", "d_vocab_out", "n_ctx"), _whole),
    **dict.fromkeys(("d_mlp", "n_key_value_heads", "rotary_dim"), _or_none(_whole)),
    **dict.fromkeys(_FLAGS, flag),
    "act_fn": _spelt("relu", "gelu", "gelu_new", "silu", "swish", "solu", "solu_ln", None),
    "normalization_type": _spelt("LN", "LNPre", "RMS", "RMSPre", None),
    "attention_dir": _among("causal", "bidirectional"),
    "positional_embedding_type": _spelt("standard", "rotary", None),
    "eps": partial(number, above=0, such_as="1e-5"),
    "rotary_base": _whole,
    **dict.fromkeys(_CAPS, partial(number, such_as="-1.0")),  # none where it is not above zero
}
_TRANSFORMER_NEEDS = ("n_layers", "d_model", "n_heads", "d_head", "d_vocab", "n_ctx")

_MLP: dict[str, Check] = {
    "n_operands": partial(_whole, most=MOST_OPERANDS),
    **dict.fromkeys(("d_vocab", "d_in", "d_vocab_out", "d_mlp", "d_model"), _whole),
    "combine": _among(*COMBINATIONS),
    "act_fn": _among(*MLP_ACTIVATIONS),
    "embeds": flag,
    "positions": _places,
}
_MLP_NEEDS = tuple(name for name in _MLP if name not in ("d_in", "d_vocab", "positions"))


def checked_transformer(config: Config) -> Config:
    """The fields of a transformer, as TransformerLens takes them; `BadArgument` names one that is none.

    >>> sizes = {"n_layers": 1, "d_model": 8, "n_heads": 1, "d_head": 8, "d_vocab": 5, "n_ctx": 2.0}
    >>> checked_transformer(sizes)["n_ctx"]
    2
    """
    found = _checked(config, _TRANSFORMER, _TRANSFORMER_NEEDS)
    shared, rotated = found.get("n_key_value_heads"), found.get("rotary_dim")
    if shared is not None and found["n_heads"] % shared:
        raise BadArgument(
            f"n_key_value_heads is {shared}, which does not divide n_heads, {found['n_heads']}; give a divisor or None."
        )
    if str(found.get("positional_embedding_type")).lower() == "rotary":
        _check_rotation(rotated, found["d_head"])
    d_mlp = 0 if found.get("attn_only") else found.get("d_mlp") or 4 * found["d_model"]
    sizes = {name: found[name] for name in _TRANSFORMER_NEEDS}
    count = transformer_bytes(
        **sizes,
        d_mlp=d_mlp,
        d_vocab_out=found["d_vocab_out"] if "d_vocab_out" in found else found["d_vocab"],
        n_key_value_heads=shared,
        gated_mlp=found.get("gated_mlp", False),
    )
    check_weights("The transformer described", count)
    return found


def checked_mlp(config: Config) -> Config:
    """The fields of a `HookedMLP`, and whether it embeds; `BadArgument` names one that is none."""
    enters = "d_in" if "d_in" in config else "d_vocab"
    found = _checked(config, _MLP, (*_MLP_NEEDS, enters))
    positions = found.get("positions")
    if positions is not None and len(positions) != found["n_operands"]:
        raise BadArgument(
            f"positions of the model are {len(positions)} for n_operands {found['n_operands']}; give one per operand."
        )
    if enters == "d_in" and (found["embeds"] or found["n_operands"] != 1 or "d_vocab" in found):
        raise BadArgument(
            f"d_in of the model is {found['d_in']}, and features have no embeddings, are one operand and no tokens; "
            "give embeds False, n_operands 1 and no d_vocab, or no d_in."
        )
    if not found["embeds"] and found["d_model"] != found[enters]:
        raise BadArgument(
            f"embeds is False, d_model {found['d_model']} and {enters} {found[enters]}; without embeddings these are "
            f"the same: give embeds True, or d_model as {enters}."
        )
    count = mlp_bytes(
        n_operands=1 if found["combine"] == "sum" else found["n_operands"],
        width=found["d_model"],
        d_vocab=found[enters],
        **{name: found[name] for name in ("d_mlp", "d_vocab_out", "embeds")},
    )
    check_weights("The MLP described", count)
    return found


def _check_rotation(rotated: int | None, d_head: int) -> None:
    size = d_head if rotated is None else rotated
    if size % 2 or size > d_head:
        raise BadArgument(
            f"rotary_dim is {rotated} and d_head {d_head}; rotary positions turn pairs within a head: give an even "
            "number of at most d_head."
        )


def _checked(config: Config, fields: dict[str, Check], needed: tuple[str, ...]) -> Config:
    for name in config:
        if name not in fields:
            asked = did_you_mean(name, fields)
            raise BadArgument(
                f"The config of the model has a field {described(name)}, which there is not; "
                f"{asked or 'its fields are ' + ', '.join(fields) + '.'}"
            )
    lacking = [name for name in needed if name not in config]
    if lacking:
        raise BadArgument(f"The config of the model lacks {', '.join(lacking)}; give {', '.join(needed)}.")
    return {name: fields[name](f"{name} of the model", value) for name, value in config.items()}
