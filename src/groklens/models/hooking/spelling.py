"""Names that are nearly TransformerLens': of a hook that would then go by a name which nothing looks for."""

from __future__ import annotations

import difflib
import re

from groklens.models.protocol import WEIGHT_NAMES

#: What TransformerLens calls the hooks that stand in one place of a block, and of the whole model.
_PLACES = {
    "": ("hook_embed", "hook_pos_embed", "hook_unembed"),
    "blocks.{}": ("hook_resid_pre", "hook_resid_mid", "hook_resid_post", "hook_attn_out", "hook_mlp_out"),
    "blocks.{}.attn": (
        "hook_q", "hook_k", "hook_v", "hook_z", "hook_attn_scores", "hook_pattern", "hook_result",
    ),
    "blocks.{}.mlp": ("hook_pre", "hook_post"),
}  # fmt: skip
_PLACE_OF = {hook: place for place, hooks in _PLACES.items() for hook in hooks}
#: Hooks that stand in several places.
_ANYWHERE = (
    "hook_in", "hook_out", "hook_scale", "hook_normalized", "hook_pre_linear", "hook_tokens", "hook_attn_in",
    "hook_mlp_in", "hook_q_input", "hook_k_input", "hook_v_input", "hook_rot_q", "hook_rot_k", "hook_hidden_states",
)  # fmt: skip
#: From which likeness on a name is another misspelt: two letters changed places, or one is wrong or lacking, of nine;
#: and of what follows "hook_", where that has letters enough to be misspelt.
_ALIKE, _ALIKE_BEHIND, _LETTERS = 0.85, 0.7, 3


def nearest_hook(name: str) -> str | None:
    """The hook of TransformerLens that a name misspells or puts in another place; None for its own, and yours.

    >>> nearest_hook("blocks.0.mlp.hook_psot"), nearest_hook("blocks.2.hook_post")
    ('blocks.0.mlp.hook_post', 'blocks.2.mlp.hook_post')
    >>> nearest_hook("blocks.0.mlp.hook_post"), nearest_hook("mixed"), nearest_hook("hook_embed_left")
    (None, None, None)
    """
    before, _, last = name.rpartition(".")
    hook = _nearest(last, [*_PLACE_OF, *_ANYWHERE])
    if hook is None or (hook == last and (hook not in _PLACE_OF or _stands(before, _PLACE_OF[hook]))):
        return None
    if hook not in _PLACE_OF:
        return f"{before}.{hook}" if before else hook
    number = re.search(r"\d+", before)
    found = f"{_PLACE_OF[hook]}.{hook}".removeprefix(".").format(number[0] if number else 0)
    return found if found != name else None


def nearest_weight(name: str) -> str | None:
    """The weight of TransformerLens that a name writes in other letters, or behind the part that has it; else None.

    >>> nearest_weight("w_e"), nearest_weight("unembed.W_U"), nearest_weight("weights")
    ('W_E', 'W_U', None)
    """
    before, _, last = name.casefold().rpartition(".")
    known = WEIGHT_NAMES if not before else [own for own in WEIGHT_NAMES if own[2:] in ("E", "pos", "U")]
    return next((own for own in known if own.casefold() == last), None)


def nearest_attention(name: str) -> str | None:
    """What all of an attention layer is called, where a name of one layer is nearly that; None for any other.

    >>> nearest_attention("blocks.1.attention"), nearest_attention("mixer")
    ('blocks.1.attn', None)
    """
    found = re.fullmatch(r"(\w+)\.(\d+)\.(\w+)", name)
    if found is None or not _is_alike(found[1], "blocks", _ALIKE) or not _is_alike(found[3], "attn", 0.6):
        return None
    return f"blocks.{found[2]}.attn"


def weights_of(layer: int) -> list[str]:
    """What weights may be called: those of the model, and those of a layer.

    >>> weights_of(1)[-1]
    'blocks.1.mlp.b_out'
    """
    attention = [f"blocks.{layer}.attn.{name}" for name in WEIGHT_NAMES if name[-1] in "QKVO"]
    return [
        *WEIGHT_NAMES,
        *attention,
        *(f"blocks.{layer}.mlp.{name}_{put}" for name in "Wb" for put in ("in", "out")),
    ]


def _nearest(last: str, known: list[str]) -> str | None:
    """The known name that this is, or misspells: one that counts on behind it, or adds to one letter, is one's own."""
    if last in known:
        return last
    close = difflib.get_close_matches(last, known, n=1, cutoff=_ALIKE)
    if not close or not _alike_behind(last, close[0]):
        return None
    adds = last.removeprefix(close[0]) if last.startswith(close[0]) else ""
    own = adds[:1] == "_" or adds[:1].isdigit() or (bool(adds) and len(close[0]) == len("hook_k"))
    return None if own else close[0]


def _alike_behind(last: str, other: str) -> bool:
    """Whether names are alike apart from how all begin: hook_sin is not hook_in, nor hook_res hook_pre."""
    behind, meant = last[len("hook_") :], other.removeprefix("hook_")
    alike = difflib.SequenceMatcher(None, behind, meant).ratio()
    return len(meant) >= _LETTERS and alike >= _ALIKE_BEHIND


def _stands(before: str, place: str) -> bool:
    """Whether a hook may stand there: where TransformerLens has it, within that, or among parts called otherwise."""
    first = before.partition(".")[0]
    if before and not _is_alike(first, "blocks", _ALIKE):
        return True
    own = re.escape(place).replace(r"\{\}", r"\d+").replace("attn", r"\w*attn")
    return re.fullmatch(rf"{own}(\..*)?" if before and place else own, before) is not None


def _is_alike(name: str, known: str, likeness: float) -> bool:
    return bool(difflib.get_close_matches(name.casefold(), [known], cutoff=likeness))
