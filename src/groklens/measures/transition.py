"""`Transition`: where along an axis a number leaves its first level and where it stays at its last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Share of the whole change by which a level is left, and within which it is reached: the usual 10 to 90 % rise.
LEVEL = 0.1
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Transition:
    """The passage of a number from its first level to its last along an axis, with what places and errors leave open.

    `began` and `done` are each the earliest and latest place that they allow: the first at which the number has made a
    tenth of its whole change, and the last before it stays within a tenth of its last value. `first` is where the axis
    begins. `span` is from the place before it began to the place where it is done, as the values have it, errors aside;
    between two places the passage is taken on a straight line for `ratio`, the width over the wait.
    """

    first: float
    began: tuple[float, float]
    done: tuple[float, float]
    span: tuple[float, float]
    ratio: float

    @classmethod
    def of(cls, place: Any, values: Any, error: Any = 0.0) -> Transition | None:
        """The transition of values at ascending places, each known up to its error; None where it cannot be seen.

        That is where nothing changes, or an error is as large as a tenth of the change.
        """
        at, number = np.asarray(place, dtype=float), np.asarray(values, dtype=float)
        change = number[-1] - number[0]
        spread = np.broadcast_to(np.asarray(error, dtype=float), number.shape)
        if not change or not np.isfinite(number).all() or spread.max() >= LEVEL * abs(change):
            return None
        gone, open_by = (number - number[0]) / change, spread / abs(change)
        left, away = gone, np.abs(gone - 1)  # what goes the other way first has not left yet
        earliest, latest = (_first(left + side * open_by >= LEVEL) for side in (1, -1))
        stayed, strayed = (_last(away + side * open_by > LEVEL) for side in (-1, 1))
        leaves, stays = _first(left >= LEVEL), _last(away > LEVEL) + 1
        start, end = _crossing(at, left, leaves), _crossing(at, away, stays)
        wait = start - at[0]
        return cls(
            float(at[0]),
            (float(at[earliest - 1]), float(at[latest])),
            (float(at[stayed]), float(at[strayed + 1])),
            (float(at[leaves - 1]), float(at[stays])),
            float((end - start) / wait) if wait > 0 else float("inf"),
        )

    @property
    def ratio_range(self) -> tuple[float, float]:
        """The least and the largest width over wait that places and errors allow."""
        least = max(0.0, self.done[0] - self.began[1]) / (self.began[1] - self.first)
        wait = self.began[0] - self.first
        return least, (self.done[1] - self.began[0]) / wait if wait > 0 else float("inf")

    @property
    def is_jump(self) -> bool | None:
        """Whether it takes less of the axis than was waited for it; None where that is not known."""
        least, most = self.ratio_range
        return True if most < 1 else False if least > 1 else None

    def overlaps(self, other: Transition) -> bool | None:
        """Whether the two have a place in common; None where only their errors let them."""
        if self.began[0] > other.done[1] or other.began[0] > self.done[1]:
            return False
        return (self.span[0] <= other.span[1] and other.span[0] <= self.span[1]) or None

    def __str__(self) -> str:
        least, most = self.ratio_range
        return (
            f"from {self.began[0]:,.6g}–{self.began[1]:,.6g} to {self.done[0]:,.6g}–{self.done[1]:,.6g}, width over "
            f"wait {self.ratio:.3g} ({least:.3g} to {most:.3g})"
        )


def counting_error(share: Any, n: int) -> Numbers:
    """Two standard errors of a share of n tests, at least 1/n: what no test of that size can resolve."""
    held = np.clip(np.asarray(share, dtype=float), 0, 1)
    return np.maximum(1 / n, 2 * np.sqrt(held * (1 - held) / n))


def _first(where: NDArray[np.bool_]) -> int:
    return int(np.argmax(where))


def _last(where: NDArray[np.bool_]) -> int:
    return int(len(where) - 1 - np.argmax(where[::-1]))


def _crossing(at: Numbers, distance: Numbers, after: int) -> float:
    """Where the distance passes the level between a place and the one before it, on a straight line."""
    before, now = distance[after - 1], distance[after]
    share = (LEVEL - before) / (now - before) if now != before else 1.0
    return float(at[after - 1] + share * (at[after] - at[after - 1]))
