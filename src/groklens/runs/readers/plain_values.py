"""Python's own harmless values inside torch files, read by stand-ins: text, lists and dictionaries in their place.

They stand beside the weights, where nothing is computed with them; torch refuses the whole file for any of them.
"""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any


def _no_bytes(*given: object) -> bytes:
    """Empty bytes, as torch.save writes them; those of a size that is given would fill the memory."""
    if given:
        raise pickle.UnpicklingError("bytes that are made when the file is opened")
    return b""


def _never_called(*_: object) -> None:
    """What stands for `list` in defaultdict(list), which only names it."""
    raise pickle.UnpicklingError("a call where plain values are expected")


def _dictionary(_: object = None) -> dict[Any, Any]:
    return {}


def _list(items: object = (), _: object = None) -> list[Any]:
    if items:
        raise pickle.UnpicklingError("a deque that is written as none is")
    return []


def _moment(state: Any, zone: Any = "") -> str:
    _check_texts(zone)
    return f"{datetime.datetime(state)} {zone}".strip()  # type: ignore[call-arg]


def _day(state: Any) -> str:
    return str(datetime.date(state))  # type: ignore[call-arg]


def _span(days: Any = 0, seconds: Any = 0, microseconds: Any = 0) -> str:
    return str(datetime.timedelta(days, seconds, microseconds))


def _zone(*said: Any) -> str:
    _check_texts(*said)
    return " ".join(said)


def _check_texts(*given: object) -> None:
    """Raise where something else is to be written out: a few bytes can hold a list that never ends."""
    if not all(isinstance(each, str) for each in given):
        raise pickle.UnpicklingError("a time zone that is written as none is")


def _posix(*parts: Any) -> str:
    return str(PurePosixPath(*parts))


def _windows(*parts: Any) -> str:
    return str(PureWindowsPath(*parts))


#: The stand-in of each, by the name that stands in the file.
STAND_INS: dict[str, Callable[..., Any]] = {
    "builtins.bytes": _no_bytes,
    **{
        f"builtins.{name}": _never_called for name in ("list", "dict", "tuple", "int", "float", "str", "bool")
    },
    "collections.defaultdict": _dictionary,
    "collections.deque": _list,
    "datetime.datetime": _moment,
    "datetime.date": _day,
    "datetime.timedelta": _span,
    "datetime.timezone": _zone,
    **{
        f"{module}.{pure}PosixPath": _posix
        for module in ("pathlib", "pathlib._local")
        for pure in ("", "Pure")
    },
    **{
        f"{module}.{pure}WindowsPath": _windows
        for module in ("pathlib", "pathlib._local")
        for pure in ("", "Pure")
    },
}
