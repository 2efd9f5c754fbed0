"""Logistic regression on standardised columns, frozen once it is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

#: The strength of the ridge, in runs: a column tells as much as one run that says nothing.
RIDGE = 1.0
#: Standard deviations from the mean beyond which a value counts as no farther away.
FARTHEST = 4.0


@dataclass(frozen=True)
class Scale:
    """How columns are standardised: by their mean and spread where they were fitted, on logarithms where positive.

    A missing value stands at the mean; what lies beyond four standard deviations stands there, so that one value that
    the library never saw decides nothing.
    """

    logs: Bool[np.ndarray, "column"]
    least: Float[np.ndarray, "column"]
    mean: Float[np.ndarray, "column"]
    spread: Float[np.ndarray, "column"]

    @classmethod
    def of(cls, columns: Float[np.ndarray, "run column"]) -> Scale:
        """The scale of these columns (run × column)."""
        known = np.isfinite(columns)
        least = np.where(known & (columns > 0), columns, np.inf).min(axis=0, initial=np.inf)
        logs = np.array([_is_positive(each) for each in columns.T], dtype=bool)
        found = np.where(known, _taken(columns, logs, least), np.nan)
        some = known.any(axis=0)
        mean, spread = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
        mean[some], spread[some] = np.nanmean(found[:, some], axis=0), np.nanstd(found[:, some], axis=0)
        return cls(logs, least, mean, np.where(spread > 1e-12, spread, 1.0))

    def __call__(self, columns: Float[np.ndarray, "run column"]) -> Float[np.ndarray, "run column"]:
        """The columns, standardised."""
        found = (_taken(columns, self.logs, self.least) - self.mean) / self.spread
        return np.clip(np.where(np.isfinite(found), found, 0.0), -FARTHEST, FARTHEST)


def _is_positive(column: Float[np.ndarray, "run"]) -> bool:
    """Whether a column goes by its logarithm: nowhere below 0, and above it at half of the runs or more.

    Its zeros (no weight decay) then stand half of the least positive value.
    """
    known = column[np.isfinite(column)]
    return bool(len(known) and (known >= 0).all() and (known > 0).mean() >= 0.5)


def _taken(
    columns: np.ndarray, logs: Bool[np.ndarray, "column"], least: Float[np.ndarray, "column"]
) -> Float[np.ndarray, "run column"]:
    floor = np.where(np.isfinite(least), least / 2, 1.0)
    with np.errstate(invalid="ignore"):
        return np.where(logs, np.log(np.maximum(columns, floor)), columns)


@dataclass(frozen=True)
class Logistic:
    """A logistic regression as it was fitted: the chance that a run changes, from its columns.

    >>> rows, changes = np.array([[1.0], [2.0], [30.0], [40.0]]), np.array([False, False, True, True])
    >>> bool((np.diff(Logistic.fit(rows, changes).chance(rows)) > 0).all())
    True
    """

    scale: Scale
    weights: Float[np.ndarray, "column_and_one"]

    @classmethod
    def fit(cls, columns: Float[np.ndarray, "run column"], changes: Bool[np.ndarray, "run"]) -> Logistic:
        """Newton's method on the log likelihood with a ridge on all weights but the constant's (Hastie et al. 4.4)."""
        scale = Scale.of(columns)
        x = np.column_stack([scale(columns), np.ones(len(columns))])
        ridge = np.diag([RIDGE] * columns.shape[1] + [1e-6])
        weights = np.zeros(x.shape[1])
        share = np.clip(changes.mean() if len(changes) else 0.5, 1e-3, 1 - 1e-3)
        weights[-1] = np.log(share / (1 - share))
        for _ in range(50):
            p = _sigmoid(x @ weights)
            gradient = x.T @ (changes - p) - ridge @ weights
            step = np.linalg.solve((x.T * (p * (1 - p))) @ x + ridge, gradient)
            weights = weights + step * min(1.0, 3.0 / (np.abs(step).max() + 1e-12))
            if np.abs(step).max() < 1e-8:
                break
        return cls(scale, weights)

    def chance(self, columns: Float[np.ndarray, "run column"]) -> Float[np.ndarray, "run"]:
        """The chance that each run changes, in [0, 1] (run)."""
        return _sigmoid(self.scale(columns) @ self.weights[:-1] + self.weights[-1])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))))
