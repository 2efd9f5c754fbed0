"""The axes of a sweep: the fields that it changes, their values as coordinates, and the cells of its grid or list."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from groklens.errors import BadArgument, described

#: The axis of a sweep over a list of configurations.
LISTED = "configuration"
#: Characters of a folder's name, of those that every file system takes.
_LONGEST = 120


@dataclass(frozen=True)
class Axis:
    """One axis of a sweep: its short name, and the coordinates of its places."""

    name: str
    labels: tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """One place of a sweep: where it is on each axis, what it changes of the recipe, and what its folder is called."""

    place: tuple[int, ...]
    changes: Mapping[str, Any]
    folder: str


def axes_of(over: Any) -> tuple[list[Axis], list[Cell]]:
    """The axes and cells of a grid, given as values by field, or of a list of configurations, given as mappings.

    Raises `BadArgument` for anything else, for an axis without values, and for one with a value twice.
    """
    if isinstance(over, Mapping):
        return _grid(over)
    if isinstance(over, (str, bytes)) or not isinstance(over, Sequence) or not over:
        raise BadArgument(
            f"over is {described(over)}; give values by field, {{'seed': range(8), 'optimizer.lr': (0.001, 0.01)}}, "
            "or a list of configurations, [{'seed': 0, 'train_fraction': 0.3}, …]."
        )
    if any(not isinstance(each, Mapping) or not each for each in over):
        raise BadArgument("A list of configurations has a mapping of fields to values for each.")
    listed = [{field: _plain(value) for field, value in each.items()} for each in over]
    cells = [Cell((i,), each, _folder(each)) for i, each in enumerate(listed)]
    return [Axis(LISTED, tuple(_apart([cell.folder for cell in cells])))], _named_apart(cells)


def _grid(over: Mapping[Any, Any]) -> tuple[list[Axis], list[Cell]]:
    values = {str(field): _values(str(field), each) for field, each in over.items()}
    if not values:
        raise BadArgument("over names no field; give at least one: {'seed': range(8)}.")
    axes = [
        Axis(name, _labels(each)) for name, each in zip(_short(list(values)), values.values(), strict=True)
    ]
    cells = []
    for place in product(*(range(len(each)) for each in values.values())):
        changes = {field: each[i] for (field, each), i in zip(values.items(), place, strict=True)}
        named = {axis.name: axis.labels[i] for axis, i in zip(axes, place, strict=True)}
        cells.append(Cell(place, changes, _folder(named)))
    return axes, _named_apart(cells)


def _values(field: str, given: Any) -> list[Any]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise BadArgument(f"over[{field!r}] is {described(given)}; give its values, such as [{given!r}].")
    plain = given.tolist() if hasattr(given, "tolist") else [_plain(each) for each in given]
    if not plain:
        raise BadArgument(f"over[{field!r}] has no values.")
    for i, value in enumerate(plain):
        if any(type(value) is type(other) and value == other for other in plain[:i]):
            raise BadArgument(f"over[{field!r}] has {described(value)} twice; give each value once.")
    return plain


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's own, which it equals and is written as; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _labels(values: list[Any]) -> tuple[Any, ...]:
    """Coordinates: numbers where all are numbers, else text."""
    if all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values):
        return tuple(values)
    return tuple(_apart([each if isinstance(each, str) else repr(each) for each in values]))


def _apart(texts: list[str]) -> list[str]:
    """Texts made different by their number where two are the same."""
    return [
        text if texts.count(text) == 1 else f"{text} ({texts[:i].count(text) + 1})"
        for i, text in enumerate(texts)
    ]


def _short(fields: list[str]) -> list[str]:
    """The last part of each field's name, or the whole where two would be the same or it is `step`'s."""
    last = [field.rpartition(".")[2] for field in fields]
    return [
        full if last.count(short) > 1 or short == "step" else short
        for full, short in zip(fields, last, strict=True)
    ]


def _folder(named: Mapping[str, Any]) -> str:
    """A name for a folder that a person can read: `seed=0,weight_decay=0.1`."""
    parts = [f"{name.rpartition('.')[2]}={_written(value)}" for name, value in named.items()]
    return re.sub(r"[^\w=.,+-]+", "_", ",".join(parts), flags=re.ASCII)[:_LONGEST].strip("._") or "run"


def _written(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.12g}"
    return str(value)


def _named_apart(cells: list[Cell]) -> list[Cell]:
    """The cells with folders of different names, on file systems that do not tell capitals apart too."""
    names = [cell.folder.lower() for cell in cells]
    return [
        cell
        if names.count(cell.folder.lower()) == 1
        else Cell(cell.place, cell.changes, f"{cell.folder}-{i}")
        for i, cell in enumerate(cells)
    ]
