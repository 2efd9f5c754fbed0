"""Computing in float32, layer by layer, with a model whose weights are kept in half precision as they were stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

_HALF = (torch.float16, torch.bfloat16)


def float32_by_layer(bridge: Any) -> Any:
    """The bridge, made to compute in float32 where its weights are kept in half precision.

    Each layer's weights, and those of the embeddings, the last norm and the unembedding, are taken to float32 when it
    runs, and let go when it is done, after an exception too: beside the stored weights there is one layer in memory.
    Logits, activations and gradients agree, to the bit, with those of the model loaded whole in float32. A copy made
    by `copy.deepcopy` computes so too. A model without weights in half precision is left as it is.

    >>> float32_by_layer(bridge)(tokens).dtype  # doctest: +SKIP
    torch.float32
    """
    for unit in _units(bridge):
        if any(True for _ in _narrow(unit)):
            # An attribute of the object: what calls it finds it there before its class's own.
            unit.__dict__["forward"] = partial(_forward, unit.forward)
    return bridge


def _forward(forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with widened(forward.__self__):  # type: ignore[attr-defined]  # a bound method, of the copy in a copy
        return forward(*args, **kwargs)


@contextmanager
def widened(unit: nn.Module) -> Iterator[None]:
    """Context in which a module's weights in half precision are float32, one copy of each that is shared.

    >>> layer = nn.Linear(2, 2).bfloat16()
    >>> with widened(layer):
    ...     layer.weight.dtype
    torch.float32
    >>> layer.weight.dtype
    torch.bfloat16
    """
    stored = list(_narrow(unit))
    wide: dict[int, Tensor] = {}
    try:
        for place, name, value in stored:
            # Not by setattr: what is computed from a parameter is none, and its gradient is the parameter's.
            place[name] = wide.setdefault(id(value), value.float())
        yield
    finally:
        for place, name, value in stored:
            place[name] = value


def _narrow(unit: nn.Module) -> Iterator[tuple[dict[str, Any], str, Tensor]]:
    """The weights and buffers in half precision: where each stands, its name there, and itself."""
    for module in unit.modules():
        for place in (module._parameters, module._buffers):
            for name, value in place.items():
                if value is not None and value.dtype in _HALF:
                    yield place, name, value


def _units(bridge: Any) -> list[nn.Module]:
    """The parts that run one after another: layers, and what stands before and behind them."""
    parts = [child for child in bridge.children() if hasattr(child, "original_component")]
    for child in bridge.children():
        parts += list(child) if isinstance(child, nn.ModuleList) else []
    within = {id(module) for part in parts for module in part.modules()}
    apart = [module for module in bridge.original_model.modules() if id(module) not in within]
    return parts + [module for module in apart if module._parameters or module._buffers]
