"""Perturbing weights at random and telling, from samples, whether they were changed."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

#: How many entries of a weight are looked at to tell whether it was changed, and its size.
SAMPLED = 4096
#: How many entries are changed at a time, so that only so many random numbers are in memory.
_CHUNK = 2**18
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Sample(NamedTuple):
    """Some evenly spaced entries of a weight, with its shape."""

    shape: tuple[int, ...]
    entries: Tensor


def sample(value: Tensor) -> Sample:
    """At most 4,096 or so entries of a tensor, cloned.

    >>> sample(torch.zeros(100, 100)).entries.shape
    torch.Size([5000])
    """
    flat = value.detach().reshape(-1)
    return Sample(tuple(value.shape), flat[:: max(1, len(flat) // SAMPLED)].clone())


def changeable(value: Any) -> bool:
    """Whether something in a state dictionary is a real or complex tensor, to which noise can be added.

    >>> changeable(torch.ones(2)), changeable(torch.ones(2, dtype=torch.long)), changeable({"n": 3})
    (True, False, False)
    """
    return (
        isinstance(value, Tensor)
        and (value.is_floating_point() or value.is_complex())
        and value.numel() > 0
        and value.layout == torch.strided
        and not value.is_meta
    )


def perturbed(value: Tensor, generator: torch.Generator, afresh: bool = False) -> Tensor:
    """The tensor with random numbers of its own magnitude added, in place where it can be written to.

    What is not finite is replaced by them, and everything where `afresh` is asked for (of size 1 at most: a model
    whose logits are not finite has weights that are too large, or some that are no numbers).

    >>> weight = torch.tensor([1.0, float("-inf")])
    >>> bool(perturbed(weight, torch.Generator().manual_seed(0)).isfinite().all())
    True
    """
    real = torch.view_as_real(value.resolve_conj()) if value.is_complex() else value
    try:
        flat = real.view(-1)
        _perturb(flat, generator, afresh)
    except RuntimeError:  # not contiguous, expanded, or made in inference mode
        flat = real.reshape(-1).clone()
        _perturb(flat, generator, afresh)
        changed = flat.view(real.shape)
        return torch.view_as_complex(changed) if value.is_complex() else changed
    return value


def _perturb(flat: Tensor, generator: torch.Generator, afresh: bool) -> None:
    wide = torch.promote_types(torch.float32, flat.dtype) if flat.element_size() > 1 else torch.float32
    some = sample(flat).entries.to(wide)
    finite = some[some.isfinite()].abs()
    size = (float(finite.double().mean()) if len(finite) else 0.0) or 1.0
    noise = torch.randn(min(len(flat), _CHUNK), generator=generator).to(flat.device, wide)
    noise *= min(size, 1.0) if afresh else size
    for part in flat.split(_CHUNK):
        add = noise[: len(part)]
        if not afresh:
            add = torch.nan_to_num(part.to(wide), nan=0.0, posinf=0.0, neginf=0.0).add_(add)
        part.copy_(add)


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are equal to the bit, nan to nan.

    >>> equal(torch.tensor([float("nan")]), torch.tensor([float("nan")]))
    True
    """
    if a.shape != b.shape or a.dtype != b.dtype or a.layout != b.layout:
        return False
    if a.is_meta or b.is_meta:
        return a.is_meta == b.is_meta
    return torch.equal(_bits(a), _bits(b))


def _bits(value: Tensor) -> Tensor:
    value = value.detach()
    value = value if value.layout == torch.strided else value.to_dense()
    value = value.int_repr() if value.is_quantized else value
    value = torch.view_as_real(value.resolve_conj()) if value.is_complex() else value
    return value.view(_INTEGERS[value.element_size()]) if value.is_floating_point() else value
