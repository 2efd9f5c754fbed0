"""The weights of a `PlainTransformer` by TransformerLens' names, with the axes that a bridge gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Get = Callable[[Any], Tensor]


def _inward(name: str) -> Get:
    """Of queries, keys or values, layer × head × d_model × d_head."""
    return lambda plain: torch.stack(
        [_of(layer, name).weight.unflatten(0, (layer.attn.n_heads, -1)).mT for layer in plain.layers]
    )


def _outward(plain: Any) -> Tensor:
    """What heads write, layer × head × d_head × d_model."""
    return torch.stack(
        [layer.attn.o.weight.T.unflatten(0, (layer.attn.n_heads, -1)) for layer in plain.layers]
    )


def _by_head(name: str) -> Get:
    return lambda plain: torch.stack(
        [_of(layer, name).bias.unflatten(0, (layer.attn.n_heads, -1)) for layer in plain.layers]
    )


def _turned(name: str) -> Get:
    return lambda plain: torch.stack([_of(layer, name).weight.T for layer in plain.layers])


def _bias(name: str) -> Get:
    return lambda plain: torch.stack([_of(layer, name).bias for layer in plain.layers])


def _of(layer: Any, name: str) -> Any:
    """A linear map of a layer; `AttributeError` of an MLP that it does not have, as a bridge raises."""
    part, own = name.split(".")
    return getattr(getattr(layer, part), own)


def _no_bias(plain: Any) -> Tensor:
    return torch.zeros(len(plain.head.weight))


WEIGHTS: dict[str, Get] = {
    "W_E": lambda plain: plain.tok_embed.weight,
    "W_pos": lambda plain: plain.pos.weight,
    "W_Q": _inward("attn.q"),
    "W_K": _inward("attn.k"),
    "W_V": _inward("attn.v"),
    "W_O": _outward,
    "W_in": _turned("mlp.fc_in"),
    "W_out": _turned("mlp.fc_out"),
    "W_U": lambda plain: plain.head.weight.T,
    "b_Q": _by_head("attn.q"),
    "b_K": _by_head("attn.k"),
    "b_V": _by_head("attn.v"),
    "b_O": _bias("attn.o"),
    "b_in": _bias("mlp.fc_in"),
    "b_out": _bias("mlp.fc_out"),
    "b_U": _no_bias,
}
