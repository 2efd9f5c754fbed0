"""Schedules that say which steps of a training run are kept as checkpoints: `Every`, `Steps`, `LogSpaced`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Protocol, runtime_checkable

from groklens.errors import BadArgument, described, is_number, whole_fields, whole_number

#: Checkpoints that one run may keep: a million files.
MOST_KEPT = 1_000_000


@runtime_checkable
class Keep(Protocol):
    """A schedule of kept steps; any frozen dataclass with this method will do."""

    def keeps(self, step: int) -> bool:
        """Whether `step` is kept. The first and the last step of a run are kept in any case."""


@dataclass(frozen=True)
class Every:
    """The schedule that keeps every `period`-th step.

    >>> [step for step in range(300) if Every(100).keeps(step)]
    [0, 100, 200]
    """

    period: int

    def __post_init__(self) -> None:
        if is_number(self.period) and self.period < 1:
            raise BadArgument(f"Every({described(self.period)}) keeps no steps; the period is at least 1.")
        whole_fields(self, "period", least=1)

    def keeps(self, step: int) -> bool:
        """Whether `step` is a multiple of the period."""
        return step % self.period == 0


@dataclass(frozen=True)
class Steps:
    """The schedule that keeps exactly the steps listed.

    >>> Steps([500, 10]).steps
    (10, 500)
    """

    steps: Sequence[int]

    def __post_init__(self) -> None:
        """Sort the steps, so that equal lists make equal recipes."""
        if isinstance(self.steps, (str, bytes, Mapping)) or not isinstance(self.steps, Iterable):
            raise BadArgument(
                f"Steps takes a list of steps, such as Steps([100, 1000]); found {described(self.steps)}. For every "
                "100th, use Every(100)."
            )
        steps = list(islice(self.steps, MOST_KEPT + 1))
        if len(steps) > MOST_KEPT:
            raise BadArgument(f"Steps holds {_more(self.steps)} steps; a run keeps at most {MOST_KEPT:,}.")
        object.__setattr__(self, "steps", tuple(sorted({whole_number("a step", s) for s in steps})))
        if self.steps and self.steps[0] < 0:
            raise BadArgument(
                f"Steps holds {self.steps[0]}; steps count updates, from 0 (the initialisation)."
            )

    def keeps(self, step: int) -> bool:
        """Whether `step` is listed."""
        return step in self.steps


@dataclass(frozen=True)
class LogSpaced:
    """The schedule that keeps step 0 and about `count` steps whose logarithms are evenly spaced from 1 to `until`.

    `until` is filled in by the recipe with its number of steps; give it for a loop of your own.

    >>> [step for step in range(101) if LogSpaced(5, until=100).keeps(step)]
    [0, 1, 3, 10, 32, 100]
    """

    count: int
    until: int | None = None

    def __post_init__(self) -> None:
        if is_number(self.count) and self.count < 2:
            raise BadArgument(f"LogSpaced({described(self.count)}) cannot span a run; use at least 2.")
        whole_fields(self, "count", least=2, most=MOST_KEPT)
        if self.until is not None:
            whole_fields(self, "until", least=1)

    def keeps(self, step: int) -> bool:
        """Whether `step` is one of the logarithmically spaced steps."""
        if self.until is None:
            raise BadArgument(
                f"LogSpaced({self.count}) does not know where the run ends; "
                f"write LogSpaced({self.count}, until=10_000) with your number of steps."
            )
        return step == 0 or step in _log_spaced(self.count, self.until)


def kept_up_to(keep: Keep, steps: int) -> list[int]:
    """The steps from 0 to `steps` that a schedule keeps, ascending.

    >>> kept_up_to(Every(100), 250)
    [0, 100, 200]
    """
    if isinstance(keep, Every):
        return list(range(0, steps + 1, keep.period))
    if isinstance(keep, Steps):
        return [step for step in keep.steps if step <= steps]
    if isinstance(keep, LogSpaced) and keep.until is not None:
        return sorted({0, *(step for step in _log_spaced(keep.count, keep.until) if step <= steps)})
    return [step for step in range(steps + 1) if keep.keeps(step)]


@lru_cache(maxsize=8)
def _log_spaced(count: int, until: int) -> frozenset[int]:
    ratio = until ** (1 / (count - 1))
    return frozenset(round(ratio**i) for i in range(count))


def _more(steps: Iterable[int]) -> str:
    try:
        return f"{len(steps):,}"  # type: ignore[arg-type]
    except TypeError:  # something without end, perhaps
        return f"more than {MOST_KEPT:,}"
