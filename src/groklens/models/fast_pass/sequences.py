"""The fast pass of whole sequences: logits at every position, of transformers whose weights have an axis of runs.

Where a task is answered at several positions nothing can be left out, as it can be at the last alone (`folded`); what
is saved is the way through hooks and one pass a run. `tests/models/test_sequences.py` holds it to the plain models.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from groklens.models.fast_pass.layer import Weights, normalise, unwrap
from groklens.models.fast_pass.rows import Rows


def sequences(
    native: Any, of: Weights, tokens: Int[Tensor, "run input pos"]
) -> Float[Tensor, "run input pos answer"]:
    """Logits at every position of TransformerLens' `NativeModel`, with absolute or rotary positions."""
    n_runs, n_inputs, n_pos = tokens.shape
    residual = _embedded(of(unwrap(native.tok_embed).weight), tokens)  # run × input·pos × d_model
    if native.pos is not None:
        positions = of(unwrap(native.pos).weight)[:, :n_pos]
        residual = residual + positions.repeat(1, n_inputs, 1)
    for layer in map(unwrap, native.layers):
        residual = _after(layer, of, residual, n_pos)
    final = normalise(unwrap(native.ln_out), of, residual)
    return (final @ of(unwrap(native.head).weight).mT).view(n_runs, n_inputs, n_pos, -1)


def _embedded(
    table: Float[Tensor, "run token d_model"], tokens: Int[Tensor, "run input pos"]
) -> Float[Tensor, "run row d_model"]:
    own = torch.arange(len(tokens), device=tokens.device)[:, None, None] * table.shape[1]
    return Rows(table, (tokens + own).flatten()).each()


def _after(layer: Any, of: Weights, residual: Tensor, n_pos: int) -> Tensor:
    """The residual after a layer, run × input·pos × d_model."""
    normed = normalise(unwrap(layer.ln1), of, residual)
    residual = residual + _attended(unwrap(layer.attn), of, normed, n_pos)
    if not hasattr(layer, "mlp"):
        return residual
    mlp = unwrap(layer.mlp)
    normed = normalise(unwrap(layer.ln2), of, residual)
    return residual + _linear(mlp.fc_out, of, mlp.act(_linear(mlp.fc_in, of, normed)))


def _attended(attention: Any, of: Weights, normed: Tensor, n_pos: int) -> Tensor:
    """What attention adds to the residual."""
    q, k, v = (_by_head(_linear(getattr(attention, name), of, normed), attention, n_pos) for name in "qkv")
    if attention.rotary is not None:
        q, k = unwrap(attention.rotary).apply_rope(q, k)
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=attention.causal, scale=1 / attention.scale)
    return _linear(attention.o, of, mixed.transpose(1, 2).reshape(*normed.shape[:2], -1))


def _by_head(flat: Tensor, attention: Any, n_pos: int) -> Float[Tensor, "sequence head pos d_head"]:
    """Queries, keys or values, the sequences of all runs on one axis."""
    return flat.view(-1, n_pos, attention.n_heads, attention.d_head).transpose(1, 2)


def _linear(linear: Any, of: Weights, rows: Tensor) -> Tensor:
    linear = unwrap(linear)
    return torch.baddbmm(of(linear.bias)[:, None], rows, of(linear.weight).mT)
