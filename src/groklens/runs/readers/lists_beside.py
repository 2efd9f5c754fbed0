"""Naming the losses and other curves beside weights that did not become a run's history, so that none vanishes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from groklens.runs.readers.containers import CONFIGS, whole
from groklens.runs.readers.losses import STEPS, columns_in, hold_weights, measured_in, numbers_in

#: Names of what is measured while a model learns; a weight's have dots in them.
_CURVE = re.compile(r"^[^.]*(loss|acc(?!el|um)|perplexit|error|curve|histor|metric)[^.]*$", re.IGNORECASE)
_DEEP = 3
_NAMED = 12


def left_beside(content: object, weights: Collection[str], kept: Mapping[str, list[float]]) -> list[str]:
    """The names and lengths of the curves in a file's content that are neither in `kept` nor among the `weights`.

    >>> left_beside({"model": {}, "history": {"train": [2.0, 1.0]}}, [], {})
    ['history.train (2 entries)']
    """
    found = [
        f"{' '.join('.'.join(path).split())[:60]} ({len(value):,} {'entry' if len(value) == 1 else 'entries'})"
        for path, value in _curves(content, False, _DEEP)
        if not (len(path) == 1 and path[0] in weights) and not _is_kept(path[-1], value, kept)
    ]
    more = [f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return found[:_NAMED] + more


def _curves(content: object, inside: bool, deep: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every curve by the keys that lead to it; `inside` one that is named as such, all lists are."""
    for key, value in content.items() if isinstance(content, Mapping) else ():
        if key in CONFIGS or str(key).lower() in STEPS or hold_weights(value):
            continue
        named = inside or _CURVE.match(str(key)) is not None
        by_step = isinstance(value, Mapping) and all(whole(step) is not None for step in value)
        if isinstance(value, Mapping) and not by_step and deep:
            yield from (((str(key), *path), found) for path, found in _curves(value, named, deep - 1))
        elif named and _is_list(value) and len(value):
            yield (str(key),), value


def _is_list(value: object) -> bool:
    if isinstance(value, Tensor):
        return value.ndim > 0 and value.layout == torch.strided and value.device.type == "cpu"
    return isinstance(value, (list, tuple, Mapping))


def _is_kept(name: str, value: object, kept: Mapping[str, list[float]]) -> bool:
    """Whether a list of numbers, or the losses in a list of records, are what became the history."""
    numbers = numbers_in(value)
    columns = {name: numbers} if numbers is not None else measured_in(columns_in(value) or {})
    return bool(columns) and all(
        each in kept and np.array_equal(found, kept[each], equal_nan=True) for each, found in columns.items()
    )
