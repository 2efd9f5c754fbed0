"""Remembering what was computed of a snapshot, by function and arguments, within a memory budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import RLock
from typing import Any, Protocol, TypeVar

from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup, Symmetry
from groklens.memory import BUDGETS

T = TypeVar("T")
#: A function, the arguments that it was given beside the snapshot, and their types.
Key = tuple[Any, ...]
#: What a number, a name or an empty list takes, roughly.
_SMALL = 64


class Remembers(Protocol):
    """A snapshot that remembers what was computed of it."""

    def remembered(self, function: Callable[..., T], *arguments: Hashable) -> T:
        """`function(self, *arguments)`, computed when it is first asked for."""


def once_per_snapshot(function: Callable[..., T]) -> Callable[..., T]:
    """Decorator that computes a function of a snapshot and hashable arguments once and remembers the result.

    Equal arguments give the very same value: do not write to it.

    >>> @once_per_snapshot
    ... def largest(snapshot):
    ...     return float(snapshot.logits.max())
    """

    @wraps(function)
    def remembered(snapshot: Remembers, *arguments: Hashable) -> T:
        return snapshot.remembered(function, *arguments)

    return remembered


class Memo:
    """Values by function and arguments within `BUDGETS.remembered` bytes; those unused for longest are dropped first.

    A value that is larger by itself is not kept.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[Any, int]] = OrderedDict()
        #: Bytes that the snapshot holds beside this, which count.
        self.beside = 0
        self._lock = RLock()  # draws of a control are looked at in several threads

    def __reduce__(self) -> tuple[type[Memo], tuple[()]]:
        """Nothing remembered goes into a pickle or a copy: it is computed again where it is needed."""
        return (Memo, ())

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def __getitem__(self, key: Key) -> Any:
        with self._lock:
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def keep(self, key: Key, value: Any) -> None:
        """Remember the value, if the budget allows."""
        size = n_bytes(value)
        if size > self.room:
            return
        with self._lock:
            self._kept[key] = value, size
            while sum(each for _, each in self._kept.values()) > self.room:
                self._kept.popitem(last=False)

    @property
    def room(self) -> int:
        """Bytes of the budget that are left beside the snapshot's own logits and neurons; a quarter in any case.

        Statistics of a few MB would else be computed again and again beside logits that fill it.
        """
        return max(BUDGETS.remembered // 4, BUDGETS.remembered - self.beside)

    def by_name(self) -> dict[str, Any]:
        """The remembered values by function name and arguments, for inspection."""
        return {
            f"{getattr(function, '__name__', repr(function))}({', '.join(map(str, arguments))})": value
            for (function, arguments, *_), (value, _) in self._kept.items()
        }


def key_of(function: Callable[..., Any], arguments: tuple[Hashable, ...]) -> Key:
    """What a value is remembered by: 1, 1.0 and True are three arguments; `BadArgument` for what cannot be a key."""
    if not callable(function):
        raise BadArgument(
            f"remembered() is given a function of the snapshot and its arguments; {described(function)} is no function."
        )
    try:
        hash(arguments)
    except TypeError as error:
        raise BadArgument(
            f"What is remembered is found again by its arguments, which have to be hashable ({error}); give a tuple in "
            "place of a list, a name in place of an array."
        ) from error
    return (function, arguments, tuple(type(each) for each in arguments))


def n_bytes(value: Any, counted: set[int] | None = None) -> int:
    """Approximate bytes that a value holds, counting each tensor and array in it once.

    What a task's symmetry holds counts with the task.
    """
    if type(value) in (int, float, str):  # of which lists and dictionaries are long
        return _SMALL
    counted = set() if counted is None else counted
    if id(value) in counted or isinstance(value, (Symmetry, FiniteGroup)):
        return 0
    counted.add(id(value))
    if isinstance(size := getattr(value, "nbytes", None), int):  # a tensor, an array, a table
        return size
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    own = getattr(value, "__dict__", {}).values()
    return _SMALL + sum(n_bytes(part, counted) for part in (*parts, *own))
