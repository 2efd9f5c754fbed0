"""Times that are censored: Kaplan–Meier curves, their median, and the log-rank test between groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr

from groklens.errors import BadArgument

#: Two-sided normal quantile of 95 %.
_Z = 1.959963984540054


def kaplan_meier(times: Any, observed: Any) -> xr.Dataset:
    """Share of runs in which an event has not happened yet, by time: the Kaplan–Meier estimate (time).

    Args:
        times: when it happened, or when the run was last seen, one for each run.
        observed: whether it happened; where not, the run is censored: later, or never, is not known.

    `survival` is in [0, 1], the share in which it is later than `time`: 1 where it happened in none, 0 where in every
    run. The first time is 0, with 1 unless it happened in some run at once. `low` and `high` are a
    95 % interval by Greenwood's variance of log(−log S) (Kalbfleisch and Prentice 2002, section 1.4), nan where S is 0
    or 1; `at_risk` counts the runs still looked at. Source: Kaplan and Meier 1958. Raises `BadArgument` for times that
    are negative or not finite, or of another shape than `observed`.

    >>> kaplan_meier([1, 2, 3, 3], [True, True, True, False])["survival"].values.tolist()
    [1.0, 0.75, 0.5, 0.25]
    """
    when, happened = _checked(times, observed)
    places = np.union1d(0.0, when[happened])
    at_risk = np.array([(when >= place).sum() for place in places], dtype=float)
    events = np.array([(when[happened] == place).sum() for place in places], dtype=float)
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
        width = _Z * np.sqrt(variance) / np.log(survival)
        low, high = survival ** np.exp(-width), survival ** np.exp(width)
    inside = (survival > 0) & (survival < 1)
    columns = {
        "survival": survival,
        "low": np.where(inside, np.minimum(low, high), np.nan),
        "high": np.where(inside, np.maximum(low, high), np.nan),
        "at_risk": at_risk,
    }
    table = xr.Dataset({name: ("time", values) for name, values in columns.items()}, {"time": places})
    table.attrs["last"] = float(when.max())
    table["survival"].attrs = {"long_name": "share in which it has not happened", "units": "share of runs"}
    return table


def median_time(times: Any, observed: Any) -> float:
    """The time by which the event has happened in half of the runs, by Kaplan–Meier; nan where it never has.

    >>> median_time([1, 2, 3, 4], [True, True, False, False])
    2.0
    """
    curve = kaplan_meier(times, observed)
    reached = np.flatnonzero(curve["survival"].values <= 0.5)
    return float(curve["time"].values[reached[0]]) if len(reached) else float("nan")


def log_rank(times: Any, observed: Any, group: Sequence[Any] | Any) -> tuple[float, float]:
    """The log-rank statistic between groups of runs, and its p-value: whether the event comes at other times in one.

    The statistic is χ² with one degree of freedom fewer than groups; small p speaks against equal hazards. The value is
    an approximation for many runs: below about ten a group, permute the groups instead. Source: Mantel 1966. Raises
    `BadArgument` where there is one group, or no event.

    >>> log_rank([1, 2, 3, 10, 11, 12], [True] * 6, list("aaabbb"))[1] < 0.05
    True
    """
    when, happened = _checked(times, observed)
    names, which = np.unique(np.asarray(group), return_inverse=True)
    if which.shape != when.shape or len(names) < 2 or not happened.any():
        raise BadArgument(
            f"A log-rank test compares at least two groups with at least one event; found {len(names)} groups of "
            f"{len(when)} runs, {int(happened.sum())} of them with the event."
        )
    k = len(names)
    difference, covariance = np.zeros(k), np.zeros((k, k))
    for place in np.unique(when[happened]):
        at_risk = np.bincount(which[when >= place], minlength=k).astype(float)
        events = np.bincount(which[happened & (when == place)], minlength=k).astype(float)
        n, d = at_risk.sum(), events.sum()
        share = at_risk / n
        difference += events - d * share
        if n > 1:
            covariance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    reduced = difference[:-1]
    statistic = float(reduced @ np.linalg.pinv(covariance[:-1, :-1]) @ reduced)
    half = torch.tensor([(k - 1) / 2, statistic / 2], dtype=torch.float64)
    return statistic, float(torch.special.gammaincc(half[0], half[1]))


def _checked(times: Any, observed: Any) -> tuple[np.ndarray, np.ndarray]:
    when, happened = np.asarray(times, dtype=float).ravel(), np.asarray(observed).ravel()
    if when.shape != happened.shape or not len(when):
        raise BadArgument(
            f"There are {len(when)} times and {len(happened)} of observed; give one of each a run."
        )
    if not np.isfinite(when).all() or (when < 0).any():
        raise BadArgument(
            "Times are at least 0 and finite; of a run in which nothing happened give when it was last seen, and "
            "observed=False."
        )
    return when, happened.astype(bool)
