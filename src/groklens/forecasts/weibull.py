"""When a run will change: a Weibull regression on the log of time, with what was never seen counted as later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from groklens.forecasts.minimum import minimum
from groklens.forecasts.regression import RIDGE, Scale

#: Fewer runs than these say nothing.
FEWEST = 20


class Interval(NamedTuple):
    """When a change is to be expected: the median and an 80 % interval; infinite where later than was ever seen."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Weibull:
    """A Weibull law of ln(t / now), t the time of the change, whose scale depends on a run's columns.

    `farthest` is the largest t / now at which twenty runs were still at risk: beyond it the law says nothing, for there
    a single run that was watched for long would decide.
    """

    scale: Scale
    weights: Float[np.ndarray, "column_and_one"]
    shape: float
    farthest: float

    @classmethod
    def fit(
        cls,
        columns: Float[np.ndarray, "run column"],
        seen: Float[np.ndarray, "run"],
        change: Float[np.ndarray, "run"],
    ) -> Weibull:
        """Greatest likelihood of changes known to lie between two evaluations, or after the last.

        `seen` and `change` are in multiples of now: the last evaluation before the change, and the first after it,
        infinite where there was none (`at_risk`). The ridge on weights is that of the logistic regression. Source:
        Kalbfleisch and Prentice 2002, sections 2.2 and 3.2.
        """
        scale = Scale.of(columns)
        x = np.column_stack([scale(columns), np.ones(len(columns))])
        low = np.log(np.maximum(seen, 1.0))
        happened = np.isfinite(change)
        high = np.maximum(np.log(np.where(happened, np.maximum(change, 1.0), np.e)), low + 1e-3)
        free = minimum(lambda each: _cost(each, x, low, high, happened), np.zeros(x.shape[1] + 1))
        ends = np.sort(np.where(happened, change, seen))
        farthest = float(ends[-min(FEWEST, len(ends))]) if len(ends) else 1.0
        return cls(scale, free[:-1], float(np.exp(_bounded(free[-1]))), farthest)

    def chance(self, columns: Float[np.ndarray, "run column"], by: float) -> Float[np.ndarray, "run"]:
        """The chance that each run changes before `by` times now, in [0, 1] (run)."""
        return np.asarray(-np.expm1(-((np.log(by) / self._place(columns)) ** self.shape)))

    def interval(self, columns: Float[np.ndarray, "run column"]) -> list[Interval]:
        """When each run changes, in multiples of now: tenth, half and nine tenths of the law (run)."""
        odds = -np.log1p(-np.array([0.1, 0.5, 0.9]))
        times = np.exp(np.minimum(self._place(columns)[:, None] * odds[None, :] ** (1 / self.shape), 50.0))
        return [Interval(*(float(t) if t <= self.farthest else float("inf") for t in row)) for row in times]

    def _place(self, columns: Float[np.ndarray, "run column"]) -> Float[np.ndarray, "run"]:
        return np.asarray(
            np.exp(np.clip(self.scale(columns) @ self.weights[:-1] + self.weights[-1], -12, 12))
        )


def _bounded(log_shape: float) -> float:
    return float(np.clip(log_shape, -2.0, 2.0))


def _cost(
    free: Float[np.ndarray, "parameter"],
    x: Float[np.ndarray, "run column_and_one"],
    low: Float[np.ndarray, "run"],
    high: Float[np.ndarray, "run"],
    happened: Bool[np.ndarray, "run"],
) -> tuple[float, Float[np.ndarray, "parameter"]]:
    """Minus the log likelihood with its ridge, and its gradient: weights, then the log of the shape."""
    shape, place = np.exp(_bounded(free[-1])), np.clip(x @ free[:-1], -12, 12)
    at = [(np.log(np.maximum(each, 1e-12)) - place) * shape for each in (low, high)]
    # The hazard up to each end; that up to now itself is 0.
    before, after = np.exp(np.minimum(at[0], 30.0)) * (low > 0), np.exp(np.minimum(at[1], 30.0))
    between = np.maximum(after - before, 1e-12)
    like = -before + np.where(happened, np.log(-np.expm1(-between)), 0.0)
    odds = np.where(happened, 1 / np.expm1(np.minimum(between, 60.0)), 0.0)
    by_place = shape * (before - odds * between)
    by_shape = -at[0] * before + odds * (at[1] * after - at[0] * before)
    ridge = np.append(free[:-2], [0.0, free[-1]])
    gradient = np.append(-(x.T @ by_place), -by_shape.sum()) + RIDGE * ridge
    return float(-like.sum() + 0.5 * RIDGE * (ridge**2).sum()), gradient
