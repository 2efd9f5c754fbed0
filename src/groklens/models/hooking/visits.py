"""What is done where a forward pass comes by a point: functions that change what passes, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from groklens.errors import BadArgument, UnknownName
from groklens.models.hooking.axes import as_it_was, inputs_first
from groklens.models.hooking.points import Point

#: A user's function at a hook, as TransformerLens calls it: (value, hook=…) → value, or None.
HookFunction = Callable[..., Any]


class Hook(NamedTuple):
    """What a function at a hook is told of it: its name."""

    name: str


class Visit:
    """What is done where one point is passed, by the names that it goes by, and how often it was passed."""

    def __init__(self, cache: dict[str, Tensor]) -> None:
        self.functions: list[tuple[str, HookFunction]] = []
        self.kept: dict[str, bool] = {}
        self.axis: int | None = 0
        self.n_inputs = 0
        self._cache, self._times = cache, 0

    def __call__(self, value: Tensor) -> Tensor:
        """What passes on of what came by."""
        self._times += 1
        if self._times > 1 and (self.functions or self.is_strict):
            raise BadArgument(
                f"{self.name!r} is passed more than once in a forward pass, so that no one value is its own; look at a "
                "part that is passed once, such as what receives these."
            )
        if not self.functions and not self.is_strict and (self.axis is None or self.axis < 0):
            return value
        own = inputs_first(value, self.axis, self.n_inputs, self.name)
        new = own
        for name, function in self.functions:
            changed = function(new, hook=Hook(name))
            new = new if changed is None else changed
        for name in self.kept:
            self._cache[name] = new.detach().clone()  # the module may write over it
        return value if new is own else as_it_was(new, self.axis, self.name)

    @property
    def name(self) -> str:
        """The first name that the point is asked for by."""
        return next(iter([name for name, _ in self.functions] or self.kept))

    @property
    def is_strict(self) -> bool:
        """Whether what passes here was asked for by name."""
        return any(self.kept.values())

    def end(self) -> None:
        """After the pass: raise for what nothing passed, and forget what passed more often than once."""
        if self._times > 1:
            for name in self.kept:
                self._cache.pop(name, None)
        if not self._times and (self.functions or self.is_strict):
            raise UnknownName(
                f"The model has {self.name!r}, but nothing passes there when it runs: the part is not called, or gives "
                "no tensor there (torch's attention computes with out_proj without calling it). Look at another part."
            )


def visits_of(
    points: Mapping[str, Point],
    functions: Iterable[tuple[str, HookFunction]],
    cached: Mapping[str, bool],
    cache: dict[str, Tensor],
) -> dict[Point, Visit]:
    """The visits of one pass: functions by hook name in their order, and what is to be cached, strictly or not."""
    visits: dict[Point, Visit] = {}
    for name, function in functions:
        visits.setdefault(points[name], Visit(cache)).functions.append((name, function))
    for name, strict in cached.items():
        visits.setdefault(points[name], Visit(cache)).kept[name] = strict
    return visits
