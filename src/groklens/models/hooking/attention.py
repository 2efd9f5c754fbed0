"""What torch's own attention computes inside, which no hook of torch sees: queries, keys, values, pattern, z."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groklens.errors import BadArgument
from groklens.models.hooking.named_weights import projection

#: What a function at a place makes of the value there: another, or the same.
At = Callable[[Tensor], Tensor]
_SIGNATURE = inspect.signature(nn.MultiheadAttention.forward)
_AGREES = 1e-4


def attended(
    part: nn.MultiheadAttention,
    args: tuple[Any, ...],
    options: Mapping[str, Any],
    given: Any,
    at: Mapping[str, At],
) -> Any:
    """What attention gives with functions at its `hook_q`, `hook_k`, `hook_v`, `hook_pattern` and `hook_z`.

    Values there are input × pos × head × d_head, patterns input × head × query × key. Where no function changes
    anything, this is what attention itself gave (`given`), after a look that it is computed alike.

    Raises `BadArgument` for attention with keys or values of its own (`add_bias_kv`, `add_zero_attn`).
    """
    if part.bias_k is not None or part.add_zero_attn:
        raise BadArgument(
            "Inside of attention with add_bias_kv or add_zero_attn nothing can be looked at: it attends to more than "
            "positions. Look at what it gives."
        )
    asked = _SIGNATURE.bind(part, *args, **options).arguments
    changed = False

    def through(name: str, value: Tensor) -> Tensor:
        nonlocal changed
        new = at[name](value) if name in at else value
        changed = changed or new is not value
        return new

    pattern, out = _computed(part, asked, through)
    out = out if part.batch_first or out.ndim == 2 else out.transpose(0, 1)
    if changed:
        mean = pattern.mean(dim=1) if asked.get("average_attn_weights", True) else pattern
        return out, None if given[1] is None else mean
    if not (part.training and part.dropout) and not _alike(out, given[0]):
        raise BadArgument(
            "Attention here gives something else than its weights say: look at what it gives alone."
        )
    return given


def _computed(
    part: nn.MultiheadAttention, asked: Mapping[str, Any], through: Callable[[str, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """The pattern, and what attention gives, inputs first."""
    read = [asked[name] for name in ("query", "key", "value")]
    read = [value if part.batch_first or value.ndim == 2 else value.transpose(0, 1) for value in read]
    read = [value if value.ndim == 3 else value[None] for value in read]
    by_head = [
        through(name, F.linear(value, *projection(part, which)).unflatten(-1, (part.num_heads, -1)))
        for which, (name, value) in enumerate(zip(("hook_q", "hook_k", "hook_v"), read, strict=True))
    ]
    query, key, value = by_head
    scores = torch.einsum("iqhd,ikhd->ihqk", query, key) / sqrt(part.head_dim)
    pattern = through("hook_pattern", (scores + _masks(part, asked, scores)).softmax(dim=-1))
    dropped = F.dropout(pattern, part.dropout, part.training)
    z = through("hook_z", torch.einsum("ihqk,ikhd->iqhd", dropped, value))
    out = F.linear(z.flatten(-2), part.out_proj.weight, part.out_proj.bias)
    return pattern, out if asked["query"].ndim == 3 else out[0]


def _masks(part: nn.MultiheadAttention, asked: Mapping[str, Any], scores: Tensor) -> Tensor:
    """What is added to the scores: minus infinity where a query must not attend to a key."""
    added = scores.new_zeros(())
    mask, padding = asked.get("attn_mask"), asked.get("key_padding_mask")
    if mask is not None:
        mask = _as_added(mask, scores)
        added = added + (mask.view(-1, part.num_heads, *mask.shape[1:]) if mask.ndim == 3 else mask)
    if padding is not None:
        added = added + _as_added(padding, scores).view(-1, 1, 1, scores.shape[-1])
    return added


def _as_added(mask: Tensor, scores: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(scores)
    return scores.new_zeros(mask.shape).masked_fill(mask, float("-inf"))


def _alike(ours: Tensor, theirs: Tensor) -> bool:
    if not (ours.isfinite().all() and theirs.isfinite().all()):
        return True
    return bool((ours - theirs).abs().max() <= _AGREES * theirs.abs().max() + 1e-6)
