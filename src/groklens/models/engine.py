"""The quick forward pass: the same function as the plain model, computed where the answer needs it.

Two facts make it exact. The answer is read at the last position, so the last layer's query, MLP and
unembedding are needed there alone. And in the first layer without a norm over neighbours, a token's query,
key and value depend only on the token and its position: they are computed once a token, as tables, and looked
up, not once an input. Everything else is the plain model's own weights in the plain model's own order of
operations; `tests/models/test_engine.py` holds the two together in values and gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor

from groklens.models.protocol import answer_logits, run_logits

_POINTWISE = ("relu", "gelu", "gelu_new", "silu", "solu")  # solu_ln has a norm of its own in between


@dataclass(frozen=True)
class _Attention:
    """One layer's attention: torch linears q, k, v, o, and their shape."""

    q: Any
    k: Any
    v: Any
    o: Any
    n_heads: int
    scale: float
    causal: bool

    def heads(self, flat: Tensor) -> Float[Tensor, "... head d_head"]:
        return rearrange(flat, "... (head d) -> ... head d", head=self.n_heads)

    def mix(self, q: Tensor, k: Tensor, v: Tensor) -> Float[Tensor, "batch query d_model"]:
        """Attend from the last `query` positions to every one of the `key` positions."""
        scores = einsum(q, k, "b q h d, b k h d -> b h q k") / self.scale
        if self.causal and q.shape[1] > 1:
            future = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool, device=q.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        mixed = einsum(scores.softmax(dim=-1), v, "b h q k, b k h d -> b q h d")
        return self.o(mixed.flatten(-2))


def quick_logits(
    model: Any, tokens: Int[Tensor, "input pos"], d_vocab_out: int
) -> Float[Tensor, "input answer"]:
    """Logits at the answer by the quick pass where `quick_applies`, by the plain model elsewhere."""
    if not quick_applies(model):
        return run_logits(model, tokens, d_vocab_out)
    return quick_forward(model, tokens, d_vocab_out)[0]


def quick_forward(
    model: Any, tokens: Int[Tensor, "input pos"], d_vocab_out: int
) -> tuple[Float[Tensor, "input answer"], Float[Tensor, "input neuron"] | None]:
    """Logits and the last MLP's activations, both at the answer, by the quick pass; None without an MLP."""
    native = _unwrap(model.original_model)
    layers = [_unwrap(layer) for layer in native.layers]
    residual = neurons = None
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        residual, neurons = _layer(native, layer, tokens, residual, answer_only=last)
    assert residual is not None  # a transformer has at least one layer
    logits = answer_logits(_unwrap(native.head)(_unwrap(native.ln_out)(residual)), d_vocab_out)
    return logits, None if neurons is None else neurons[:, -1]


def quick_applies(model: Any) -> bool:
    """Whether the quick pass computes this model: a native bridge, standard positions, no hooks set."""
    native = getattr(model, "original_model", None)
    cfg = getattr(model, "cfg", None)
    if type(native).__name__ != "NativeModel" or cfg is None:
        return False
    return (
        getattr(cfg, "positional_embedding_type", "standard") in (None, "standard")
        and (bool(getattr(cfg, "attn_only", False)) or cfg.act_fn in _POINTWISE)
        and not getattr(cfg, "gated_mlp", False)
        and cfg.n_key_value_heads in (None, cfg.n_heads)
        and max(cfg.attn_scores_soft_cap, cfg.output_logits_soft_cap) <= 0
        and not any(hook.fwd_hooks or hook.bwd_hooks for hook in model.hook_dict.values())
        and not _has_torch_hooks(model)
    )


def _has_torch_hooks(model: Any) -> bool:
    """Whether torch hooks that are not TransformerLens' own (it wires some for itself) are on any module."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(
        not str(getattr(hook, "__module__", "")).startswith("transformer_lens")
        for module in (model, *model.original_model.modules())
        for kind in kinds
        for hook in getattr(module, kind).values()
    )


def _layer(
    native: Any, layer: Any, tokens: Tensor, residual: Tensor | None, *, answer_only: bool
) -> tuple[Float[Tensor, "batch query d_model"], Float[Tensor, "batch query d_mlp"] | None]:
    """The residual after a layer, and its MLP's activations where it has one."""
    attention = _attention(_unwrap(layer.attn))
    norm = _unwrap(layer.ln1)
    if residual is None:
        residual, q, k, v = _first_layer(native, attention, norm, tokens, answer_only)
    else:
        normed = norm(residual)
        if answer_only:
            residual = residual[:, -1:]
        q = attention.heads(attention.q(normed[:, -residual.shape[1] :]))
        k, v = attention.heads(attention.k(normed)), attention.heads(attention.v(normed))
    residual = residual + attention.mix(q, k, v)
    if not hasattr(layer, "mlp"):
        return residual, None
    mlp = _unwrap(layer.mlp)
    neurons = mlp.act(_unwrap(mlp.fc_in)(_unwrap(layer.ln2)(residual)))
    return residual + _unwrap(mlp.fc_out)(neurons), neurons


def _first_layer(
    native: Any, attention: _Attention, norm: Any, tokens: Tensor, answer_only: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Residual, query, key and value of the first layer, looked up in tables of position × token."""
    n_pos = tokens.shape[1]
    embed, pos = _unwrap(native.tok_embed).weight, _unwrap(native.pos).weight
    # Position i's table holds only the tokens seen there: one row for a separator.
    seen = [tokens[:, i].unique(return_inverse=True) for i in range(n_pos)]
    tables = [embed[values] + pos[i] for i, (values, _) in enumerate(seen)]

    def look_up(of_table: Callable[[Tensor], Tensor], positions: range) -> Tensor:
        return torch.stack([_rows(of_table(tables[i]), seen[i][1]) for i in positions], dim=1)

    everywhere = range(n_pos)
    queried = range(n_pos - 1, n_pos) if answer_only else everywhere
    k = look_up(lambda table: attention.heads(attention.k(norm(table))), everywhere)
    v = look_up(lambda table: attention.heads(attention.v(norm(table))), everywhere)
    q = look_up(lambda table: attention.heads(attention.q(norm(table))), queried)
    return look_up(lambda table: table, queried), q, k, v


def _rows(table: Float[Tensor, "token ..."], index: Int[Tensor, "input"]) -> Float[Tensor, "input ..."]:
    """`table[index]`, but with a gradient that is the same to the bit every time.

    The gradient of plain indexing is added up by several threads in whatever order they come.
    """
    if len(table) == 1:  # a separator
        return table.expand(len(index), *table.shape[1:])
    return F.embedding(index, table.flatten(1)).reshape(len(index), *table.shape[1:])


def _attention(attention: Any) -> _Attention:
    q, k, v, o = (_unwrap(getattr(attention, name)) for name in "qkvo")
    return _Attention(q, k, v, o, attention.n_heads, attention.scale, attention.causal)


def _unwrap(component: Any) -> Any:
    """The torch module inside a bridge component; bridges wrap components, sometimes twice."""
    while hasattr(component, "_original_component"):
        component = component._original_component
    return component
