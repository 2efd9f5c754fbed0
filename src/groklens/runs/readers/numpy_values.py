"""Numpy's numbers and arrays inside torch files, read by stand-ins of our own: numpy's unpickling is never run.

Losses that a loop averaged by numpy stand beside the weights in many files. torch refuses the whole file for them, and
numpy's own functions, were they allowed, would take bytes for pointers where a file says that they are objects.
"""

from __future__ import annotations

import math
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from groklens.errors import described
from groklens.runs.readers.arrays_as_tensors import as_tensors
from groklens.runs.readers.plain_values import STAND_INS

#: Plain numbers of one to eight bytes, and texts.
_PLAIN = re.compile(r"[fiu][1248]|b1|[US][1-9]\d{0,8}")
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
#: Containers inside containers that are looked into.
_DEEP = 8
#: What torch takes to be safe is of the whole process: of two threads, the later would find the other's stand-ins
#: there, and leave them.
_ALONE = threading.RLock()


class Kind:
    """What stands for a numpy.dtype: a plain number's or a text's, in either byte order."""

    def __init__(self, spec: object, *_: object) -> None:
        if not isinstance(spec, str) or not _PLAIN.fullmatch(spec):
            raise pickle.UnpicklingError(
                f"a numpy array of {described(spec)}, which are neither numbers nor texts"
            )
        self.spec, self.order = spec, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Only the byte order is taken of what numpy says of a dtype."""
        self.order = state[1] if state[1] in ("<", ">") else "="


class Array:
    """What stands for a numpy.ndarray while a file is read."""

    values: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """The numbers, held to the shape that is declared."""
        _, shape, kind, by_columns, raw = state
        self.values = _numbers(kind, raw, math.prod(shape)).reshape(shape, order="F" if by_columns else "C")


def _scalar(kind: Kind, raw: bytes) -> Any:
    return _numbers(kind, raw, 1)[0].item()


def _empty(*_: object) -> Array:
    return Array()


def _numbers(kind: Any, raw: Any, count: int) -> Any:
    import numpy as np

    if not isinstance(kind, Kind) or not isinstance(raw, bytes):
        raise pickle.UnpicklingError("a numpy array that holds no plain numbers")
    found = np.frombuffer(raw, kind.order + kind.spec)
    if len(found) != count:
        raise pickle.UnpicklingError(f"a numpy array of {len(found)} numbers that declares {count}")
    return found


def _named(value: Any) -> str:
    """The full name by which torch knows what is marked as safe."""
    return value[1] if isinstance(value, tuple) else f"{value.__module__}.{value.__qualname__}"


@contextmanager
def stand_ins() -> Iterator[None]:
    """Within this block torch reads numpy's and Python's values by stand-ins; what was safe is so again after it."""
    ours: list[tuple[Callable[..., Any], str]] = [(Kind, "numpy.dtype"), (Array, "numpy.ndarray")]
    ours += [(stand_in, name) for name, stand_in in STAND_INS.items()]
    ours += [(_scalar, f"{module}.scalar") for module in _MODULES]
    ours += [(_empty, f"{module}._reconstruct") for module in _MODULES]
    names = {name for _, name in ours}
    with _ALONE:
        before = torch.serialization.get_safe_globals()
        try:
            torch.serialization.clear_safe_globals()
            torch.serialization.add_safe_globals(
                [*(each for each in before if _named(each) not in names), *ours]
            )
            yield
        finally:
            torch.serialization.clear_safe_globals()
            torch.serialization.add_safe_globals(before)


def as_read(content: Any) -> Any:
    """The content with tensors in the place of stand-ins, up to eight containers deep."""
    return _as_read(content, _DEEP, {})


def _as_read(content: Any, deep: int, seen: dict[tuple[int, int], tuple[Any, Any]]) -> Any:
    """As `as_read`; each container is looked into once a depth, for a few bytes can hold one a billion times."""
    if isinstance(content, Array):
        return _tensor(content)
    if not deep or not isinstance(content, (dict, list, tuple)):
        return content
    asked = (id(content), deep)
    if asked not in seen:
        # The container itself is kept too: the id of one that is gone may be another's.
        seen[asked] = content, content
        seen[asked] = content, _inside(content, lambda value: _as_read(value, deep - 1, seen))
    return seen[asked][1]


def _inside(content: Any, read: Callable[[Any], Any]) -> Any:
    if isinstance(content, dict):
        for name, value in content.items():
            content[name] = read(value)
    elif isinstance(content, list):
        content[:] = [read(value) for value in content]
    elif type(content) is tuple:
        return tuple(read(value) for value in content)
    return content


def _tensor(array: Array) -> Any:
    if array.values.dtype.kind in "US":
        return array.values.tolist()
    if not array.values.ndim:
        return torch.tensor(array.values.item())
    return as_tensors({"": array.values})[""]
