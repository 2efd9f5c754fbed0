"""Parts of a recipe (task, model, optimiser, loss, schedule) to and from a run's files, a user's own classes included.

A part is a task, the specification of a model, an optimiser, a loss, a schedule of kept steps. Ours are known by the
names of their classes; a user's by `module:Class`, and only where the class is at hand: because a recipe was made of it
in this process, or because it was handed in (`know`). Nothing is ever imported because a file names it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from typing import Any

from groklens.errors import BadArgument, PartNeeded, described, did_you_mean
from groklens.value_checks import check_fields

#: Marks a field that came after version 0.1: it is left out of the specification at its default, so that ids stay.
LATER = {"later": True}

#: The classes of parts that users handed in or trained with, by kind.
_KNOWN: dict[str, type] = {}


def is_ours(part: object) -> bool:
    """Whether a part, or its class, is defined in groklens."""
    kind = part if isinstance(part, type) else type(part)
    return kind.__module__.partition(".")[0] == "groklens"


def parts_in(part: Any) -> Iterator[Any]:
    """A part and the parts that its fields hold: an optimiser around another has two."""
    yield part
    for each in fields(part) if is_dataclass(part) and not isinstance(part, type) else ():
        value = getattr(part, each.name)
        for one in value if isinstance(value, (tuple, list)) else (value,):
            if is_dataclass(one):
                yield from parts_in(one)


def kind_of(part: object) -> str:
    """The name by which files call a part's class: its own name if it is ours, else `module:Class`."""
    kind = part if isinstance(part, type) else type(part)
    return kind.__name__ if is_ours(kind) else f"{kind.__module__}:{kind.__qualname__}"


def ours_in(face: str, verb: str) -> dict[str, type]:
    """The parts that a package shows, by name: its public dataclasses that have the given method.

    >>> sorted(ours_in("groklens.recipes", "keeps"))
    ['Every', 'LogSpaced', 'Steps']
    """
    shown = vars(importlib.import_module(face)).items()
    return {
        name: value
        for name, value in shown
        if isinstance(value, type) and is_dataclass(value) and callable(getattr(value, verb, None))
    }


def know(parts: Iterable[object]) -> None:
    """Register these classes, or the classes of these values, so that runs which name them can be opened.

    One that is defined anew, as in a notebook's cell that is run again, replaces the one before.
    """
    for part in parts:
        if not is_ours(part):
            _KNOWN[kind_of(part)] = part if isinstance(part, type) else type(part)


def class_of(kind: object, ours: Mapping[str, type], what: str) -> type:
    """The class that files call `kind`; `BadArgument` for an unknown one, `PartNeeded` for a user's not handed in.

    A user's class that moved, from a notebook to a file for one, is found by its own name where only one is called so.
    """
    if isinstance(kind, str):
        if kind in ours:
            return ours[kind]
        if kind in _KNOWN:
            return _KNOWN[kind]
        name = kind.rpartition(":")[2]
        alike = {known for own, known in _KNOWN.items() if own.rpartition(":")[2] == name}
        if len(alike) == 1:
            return alike.pop()
        if ":" in kind:
            raise PartNeeded(
                f"{what} is of kind {described(kind)}, a class of your own, which is not at hand; {_hand_in([name])}"
            )
    asked = did_you_mean(kind, ours) if isinstance(kind, str) else ""
    raise BadArgument(
        f"{what} is of kind {described(kind)}; {asked or 'this version knows ' + ', '.join(ours) + '.'}"
    )


def check_at_hand(values: Any, where: str) -> None:
    """Raise `PartNeeded`, naming every one, where a specification has parts of a user's own that were not handed in."""
    if missing := list(dict.fromkeys(_not_at_hand(values))):
        one = len(missing) == 1
        raise PartNeeded(
            f"{where} names {'a part' if one else 'parts'} of your own, {' and '.join(map(described, missing))}, which "
            f"{'was' if one else 'were'} not handed in; {_hand_in([kind.rpartition(':')[2] for kind in missing])}"
        )


def _not_at_hand(values: Any) -> Iterator[str]:
    if isinstance(values, (dict, list)):
        for each in values.values() if isinstance(values, dict) else values:
            yield from _not_at_hand(each)
    kind = values.get("kind") if isinstance(values, dict) else None
    if isinstance(kind, str) and ":" in kind:
        try:
            class_of(kind, {}, "It")
        except PartNeeded:
            yield kind


def _hand_in(names: Sequence[str]) -> str:
    them = "it" if len(names) == 1 else "them"
    return (
        f"hand {them} in: gl.load(path, parts=[{', '.join(names)}]), or --parts FILE.py on the command line."
    )


def spec_of(part: Any) -> dict[str, Any]:
    """A part as plain JSON values: its kind and its fields.

    Raises `BadArgument` for what is no dataclass and has no `spec()` of its own, or a field that is no JSON value.
    """
    if not is_dataclass(part) or isinstance(part, type):
        raise BadArgument(
            f"{described(part)} cannot be written down; make it a frozen dataclass (@dataclass(frozen=True)) whose "
            "fields are numbers, texts, lists of them, or other parts."
        )
    values = {"kind": kind_of(part)}
    for field in fields(part):
        value = getattr(part, field.name)
        if not (field.metadata.get("later") and _is_default(field, value)):
            values[field.name] = _plain(value, f"{field.name} of {type(part).__name__}")
    return values


def from_spec(
    values: Any, ours: Mapping[str, type], what: str, nested: Callable[[dict[str, Any]], Any] | None = None
) -> Any:
    """The part that `spec_of` described; `BadArgument` for another kind or for fields that the kind does not have.

    What a field holds of other parts is one again: what `nested` makes of it, else of a kind of `ours` or a user's.
    """
    if not isinstance(values, dict):
        raise BadArgument(f"{what} is {described(values)}; give its kind and fields, as to_dict() does.")
    given = dict(values)
    kind = class_of(given.pop("kind", None), ours, what)
    within = nested or partial(from_spec, ours=ours, what=f"A part of {what}")
    try:
        given = {name: _read(value, within) for name, value in given.items()}
    except RecursionError as error:
        raise BadArgument(
            f"{what} holds lists within lists without end; give its kind and fields."
        ) from error
    check_fields(f"{what} is no {kind.__name__} of this version", given, kind)
    return kind(**given)


def check_survives(part: Any, again: Any, what: str) -> None:
    """Raise `BadArgument` unless a user's part equals what is rebuilt from its specification."""
    if again != part:
        raise BadArgument(
            f"{what}, {described(part)}, does not come back from its specification as it was: {described(again)} "
            "does. Its fields must say all of it, and it must compare by them: @dataclass(frozen=True)."
        )


def through_json(values: dict[str, Any], what: str) -> dict[str, Any]:
    """The values after a round trip through JSON; `BadArgument` for what JSON cannot hold."""
    try:
        return json.loads(json.dumps(values, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise BadArgument(f"{what} cannot be written into a file: {error}.") from error


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one, where) for one in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(one, where) for key, one in value.items()}
    if callable(getattr(value, "spec", None)):
        return value.spec()
    if is_dataclass(value) and not isinstance(value, type):
        return spec_of(value)
    raise BadArgument(
        f"{where} is {described(value)}, which a file cannot hold; use numbers, texts, lists of them, or other parts."
    )


def _read(value: Any, nested: Callable[[dict[str, Any]], Any]) -> Any:
    """A field's value as read from JSON, whose lists stand for tuples."""
    if isinstance(value, list):
        return tuple(_read(one, nested) for one in value)
    return nested(value) if isinstance(value, dict) and "kind" in value else value


def _is_default(field: Field[Any], value: Any) -> bool:
    if field.default is not MISSING:
        return bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())
