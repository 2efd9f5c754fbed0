"""Checking the plain fields of a `run.json` for type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from groklens.errors import described
from groklens.runs.history import Written

_DIGEST = re.compile(r"[0-9a-f]{64}")


def checked(values: dict[str, Any], schema: int) -> dict[str, Any]:
    """The fields of a header except its recipe and task; `ValueError` names one of a wrong type.

    >>> checked({"finished": 1}, schema=2)
    Traceback (most recent call last):
    KeyError: 'model'
    """
    kinds = _KINDS if schema > 1 else {name: kind for name, kind in _KINDS.items() if name not in _SINCE_2}
    for name, (fits, expected) in kinds.items():
        if not fits(values[name]):
            raise ValueError(f"{name} is {described(values[name])}, and {expected} was expected")
    return {
        "model": values["model"],
        "train_index": values["train_index"],
        "finished": values["finished"],
        "checkpoints": {int(step): digest for step, digest in values["checkpoints"].items()},
        "environment": values["environment"],
        "history": _history(values),
        "loss_units": values.get("loss_units"),
        "stopped": _stopped(values.get("stopped_by")),
        "parent": _parent(values.get("parent")),
    }


class Stopped(NamedTuple):
    """What stopped a training before the end of its recipe, in words, and after how many updates."""

    rule: str
    step: int


def _stopped(value: Any) -> Stopped | None:
    if value is None:
        return None
    fits = isinstance(value, dict) and set(value) == {"rule", "step"} and isinstance(value["rule"], str)
    if not fits or type(value["step"]) is not int or value["step"] < 0:
        raise ValueError(f"stopped_by is {described(value)}, and an object with rule and step was expected")
    return Stopped(value["rule"], value["step"])


def _history(values: dict[str, Any]) -> Written | None:
    """What the header says of the history; those of groklens 0.1 do not give its length and mean all of it."""
    sha256 = values["history_sha256"]
    return None if sha256 is None else Written(values.get("history_bytes") or 0, sha256)


def _parent(value: Any) -> dict[str, Any] | None:
    """What a header says of the run that its own goes on from; most go on from none."""
    if value is None:
        return None
    kinds = {"run": str, "recipe": str, "step": int, "extended": bool}
    if (
        not _object(value)
        or set(value) - {"changed", "parent"} != set(kinds)
        or any(type(value[n]) is not k for n, k in kinds.items())
        or not _changes(value.get("changed", {}))
    ):
        raise ValueError(f"parent is {described(value)}, and run, recipe, step and extended were expected")
    _parent(value.get("parent"))
    return dict(value)


def _changes(value: object) -> bool:
    """Whether these are values by name, as a fork's header keeps them."""
    return isinstance(value, dict) and all(
        each is None or isinstance(each, bool | int | float | str) for each in value.values()
    )


def _object(value: object) -> bool:
    return isinstance(value, dict)


def _digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _checkpoints(value: object) -> bool:
    return isinstance(value, dict) and all(
        re.fullmatch(r"\d{1,18}", step) and str(int(step)) == step and _digest(digest)
        for step, digest in value.items()
    )


def _indices(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and all(type(entry) is int and 0 <= entry < 2**62 for entry in value)
    )


def _text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


Kind = tuple[Callable[[object], bool], str]
_KINDS: dict[str, Kind] = {
    "model": (
        lambda value: _object(value) and isinstance(value.get("kind"), str),  # type: ignore[attr-defined]
        "an object with the model's kind",
    ),
    "train_index": (_indices, "null or a list of whole numbers"),
    "finished": (lambda value: isinstance(value, bool), "true or false"),
    "checkpoints": (_checkpoints, "an object from step to SHA-256"),
    "environment": (_object, "an object"),
    "history_sha256": (lambda value: value is None or _digest(value), "null or a SHA-256"),
    "history_bytes": (
        lambda value: value is None or (type(value) is int and 0 <= value < 2**62),
        "null or a number of bytes",
    ),
    "id": (_text_or_none, "null or text"),
    "examples": (lambda value: isinstance(value, str), "the digest of the task's examples"),
    "loss_units": (_text_or_none, "null or text"),
    "sha256": (_digest, "the SHA-256 of the other fields"),
}
_SINCE_2 = ("examples", "history_bytes", "loss_units", "sha256")
