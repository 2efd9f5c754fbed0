"""Fitting the three-pattern model to the first part of two accuracy curves, and forecasting the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from groklens.errors import BadArgument
from groklens.theory.patterns import Pattern, Patterns, pattern_curves

STARTS = 8
#: Evaluations that each start may take, and that the best of them may take on.
_FEW, _MANY = 40, 300
#: What a prediction gives: train and test accuracy at each time.
Curves = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class PatternFit:
    """Three patterns fitted to the first part of a train and a test accuracy curve.

    `error` is the root mean square error where it was fitted, in [0, 1]. Twelve parameters fit almost any two
    smooth curves, so a small one is no evidence: `forecast_errors` has what is. `intervals` are 90 % intervals of the
    parameters (pattern by parameter, in the order of `Pattern`'s fields), by resampling residuals; None unless
    asked for.
    """

    patterns: Patterns
    error: float
    intervals: np.ndarray | None = None

    def predict(self, times: Any) -> Curves:
        """Train and test accuracy at any times."""
        train, test = pattern_curves(self.patterns, torch.as_tensor(np.asarray(times, dtype=float)))
        return train.numpy(), test.numpy()


def fit_patterns(
    times: Any, train: Any, test: Any, until: float | None = None, *, bootstrap: int = 0, seed: int = 0
) -> PatternFit:
    """The three patterns that fit both accuracies best, by least squares, up to the time `until`.

    `times` may be any clock on which the curves have a width, such as the logarithm of the step. Of eight starts
    drawn from `seed` the best is kept; onsets may lie up to the whole span beyond the last time seen. With
    `bootstrap`, residuals are drawn anew that many times and the fit repeated from where it ended.
    Source: Davies, Langosco and Krueger 2023 (arXiv:2303.06173), who fit nothing: the fit is ours.

    Raises `BadArgument` for curves of unequal length, fewer than four times before `until`, or without SciPy.

    >>> from groklens.theory import GROKKING
    >>> times = torch.linspace(0, 300, 40).double()
    >>> fit_patterns(times, *pattern_curves(GROKKING, times)).error < 0.01
    True
    """
    seen = _seen(times, train, test, until)
    generator = np.random.default_rng(seed)
    starts = [_random_start(seen, generator) for _ in range(STARTS)]
    tried = [_solve(seen, start, evaluations=_FEW) for start in starts]
    best, error = _solve(seen, min(tried, key=lambda found: found[1])[0])
    intervals = None
    if bootstrap:
        intervals = _resampled(seen, best, bootstrap, generator)
    return PatternFit(_patterns(seen.unscaled(best)), error, intervals)


def forecast_errors(times: Any, train: Any, test: Any, until: float, *, seed: int = 0) -> dict[str, float]:
    """Errors of each forecast of both accuracies after `until`, fitted to them up to `until`.

    Root mean square errors in [0, 1]: `patterns` of `fit_patterns`; `logistic` of a curve floor + (ceiling −
    floor) / (1 + exp(−speed (t − onset))) fitted to each accuracy by itself; `persists` of the last values
    seen. `fit` is the pattern model's error before `until`, `announced` the test accuracy that it foretells for
    the last time.
    Only where `patterns` is below both others does the model know something; before a curve has passed its inflection
    it does not know how high it will go, even where the curve is the model's own.

    >>> from groklens.theory import GROKKING
    >>> times = torch.linspace(0, 300, 60).double()
    >>> errors = forecast_errors(times, *pattern_curves(GROKKING, times), until=240.0)
    >>> errors["patterns"] < errors["persists"]
    True
    """
    every = _seen(times, train, test, None)
    fit = fit_patterns(times, train, test, until, seed=seed)
    rest = every.times > until
    if not rest.any():
        raise BadArgument(f"until is {until}, and no time lies after it; the last is {every.times[-1]}.")
    seen = ~rest
    logistic = [_logistic(every.times[seen], each[seen])(every.times[rest]) for each in every.curves]
    truth = [each[rest] for each in every.curves]
    foretold = fit.predict(every.times[rest])
    last = [np.full(rest.sum(), each[seen][-1]) for each in every.curves]
    return {
        "patterns": _rms(foretold, truth),
        "logistic": _rms(logistic, truth),
        "persists": _rms(last, truth),
        "fit": fit.error,
        "announced": float(foretold[1][-1]),
    }


@dataclass(frozen=True)
class _Seen:
    times: np.ndarray
    curves: tuple[np.ndarray, np.ndarray]

    @property
    def span(self) -> float:
        return float(self.times[-1] - self.times[0])

    def unscaled(self, parameters: np.ndarray) -> np.ndarray:
        """Parameters in the units of the times, from speeds and onsets in units of the fitted span."""
        ceiling, speed, onset, generalisation = parameters.reshape(3, 4).T
        onset = self.times[0] + onset * self.span
        return np.stack([ceiling, speed / self.span, onset, generalisation], axis=1)


_LOWER = np.tile([0.0, 1.0, -0.5, 0.0], 3)
_UPPER = np.tile([1.0, 400.0, 2.0, 1.0], 3)


def _seen(times: Any, train: Any, test: Any, until: float | None) -> _Seen:
    arrays = [np.asarray(each, dtype=float) for each in (times, train, test)]
    if len({each.shape for each in arrays}) != 1 or arrays[0].ndim != 1 or np.isnan(arrays).any():
        raise BadArgument(
            f"times, train and test have shapes {', '.join(str(each.shape) for each in arrays)}; give one number a "
            "time each, none of them nan."
        )
    order = arrays[0].argsort()
    kept = order if until is None else order[arrays[0][order] <= until]
    if len(kept) < 4 or arrays[0][kept[0]] == arrays[0][kept[-1]]:
        raise BadArgument(f"{len(kept)} times lie up to {until}; a fit needs at least four different ones.")
    return _Seen(arrays[0][kept], (arrays[1][kept], arrays[2][kept]))


def _random_start(seen: _Seen, generator: np.random.Generator) -> np.ndarray:
    onsets = np.sort(generator.uniform(0, 1.5, 3))
    shares = generator.uniform(0.05, 0.95, (3, 2))
    speeds = np.exp(generator.uniform(np.log(3), np.log(100), 3))
    return np.stack([shares[:, 0], speeds, onsets, shares[:, 1]], axis=1).ravel()


def _residuals(seen: _Seen, parameters: np.ndarray, curves: tuple[np.ndarray, ...]) -> np.ndarray:
    found = pattern_curves(_patterns(seen.unscaled(parameters)), torch.from_numpy(seen.times))
    return np.concatenate([each.numpy() - curve for each, curve in zip(found, curves, strict=True)])


def _solve(
    seen: _Seen, start: np.ndarray, curves: tuple[np.ndarray, ...] | None = None, evaluations: int = _MANY
) -> tuple[np.ndarray, float]:
    solved = _least_squares()(
        lambda parameters: _residuals(seen, parameters, curves or seen.curves),
        start,
        bounds=(_LOWER, _UPPER),
        x_scale=np.tile([1.0, 30.0, 1.0, 1.0], 3),
        max_nfev=evaluations,
    )
    return solved.x, float(np.sqrt(np.mean(solved.fun**2)))


def _resampled(seen: _Seen, best: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    residuals = _residuals(seen, best, seen.curves).reshape(2, -1)
    fitted = [curve + each for curve, each in zip(seen.curves, residuals, strict=True)]
    found = []
    for _ in range(draws):
        curves = tuple(
            curve - generator.choice(each, len(each)) for curve, each in zip(fitted, residuals, strict=True)
        )
        found.append(seen.unscaled(_solve(seen, best, curves, _FEW)[0]))
    return np.quantile(np.stack(found), [0.05, 0.95], axis=0)


def _patterns(parameters: np.ndarray) -> Patterns:
    first, second, third = (Pattern(*map(float, row)) for row in parameters.reshape(3, 4))
    return first, second, third


def _logistic(times: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A single logistic curve between two shares."""
    span, first = times[-1] - times[0], times[0]

    def curve(parameters: np.ndarray, at: np.ndarray) -> np.ndarray:
        floor, ceiling, speed, onset = parameters
        # An exponent beyond ±500 is 0 or 1 to the last bit.
        exponent = np.clip(-speed * ((at - first) / span - onset), -500, 500)
        return floor + (ceiling - floor) / (1 + np.exp(exponent))

    solved = [
        _least_squares()(
            lambda parameters: curve(parameters, times) - values,
            [max(values.min(), 0.01), min(max(values.max(), 0.02), 0.99), 10.0, onset],
            bounds=([0, 0, 1, -0.5], [1, 1, 400, 2]),
            x_scale=[1, 1, 30, 1],
        )
        for onset in (0.2, 0.6, 1.1)
    ]
    best = min(solved, key=lambda each: each.cost).x
    return lambda at: curve(best, at)


def _rms(found: Any, truth: Any) -> float:
    return float(np.sqrt(np.mean((np.stack(found) - np.stack(truth)) ** 2)))


def _least_squares() -> Callable[..., Any]:
    try:
        from scipy.optimize import least_squares
    except ImportError as error:
        raise BadArgument('Fitting patterns needs SciPy: pip install "groklens[studies]".') from error
    return least_squares
