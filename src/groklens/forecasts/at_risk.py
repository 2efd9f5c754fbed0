"""The runs of a library that could still change at one clock, and what became of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument
from groklens.value_checks import number

#: How far above chance the test accuracy of a run that could still change may be, as a share of the way to 1.
_NOT_YET = 0.1


def at_risk(library: xr.Dataset, clock: float, horizon: float | None = 10.0) -> xr.Dataset:
    """The runs that could still change at a clock, with what became of each by the horizon (run).

    At risk are runs that have memorised, are at the clock, and whose test accuracy is less than a tenth above chance
    (`chance` of the library, 0 where it has none). A run **changes** when its test accuracy reaches ½.

    Args:
        library: runs as `gl.forecasts.library()` has them.
        clock: when one looks, in multiples of the run's own t_mem; one of the library's.
        horizon: by when, in multiples of the step at the clock; None is the end of each run.

    Adds to the library at that clock: `now`, the step there; `seen` and `change`, the evaluations between which the
    change lies, in multiples of `now` (`change` is infinite where there was none by the run's end, and `seen` that
    end); `known`, whether the run was watched up to the horizon, whatever it did; `changes`, whether it did by then.
    Source: the at-risk set, censoring and interval of survival analysis (Kalbfleisch and Prentice 2002). Raises
    `BadArgument` for a clock that the library does not have, or a horizon of at most 1.
    """
    table = _at_clock(library, clock)
    if horizon is not None:
        horizon = number("horizon", horizon, above=1.0, such_as="10")
    chance = table.get("chance", 0.0)
    waiting = not_begun(table["test_accuracy"], chance)
    not_before = table["half"].isnull() | (table["half"] > table["step"])
    here = table["memorised"].notnull() & table["step"].notnull()
    table = table.isel(run=np.flatnonzero((here & waiting & not_before).values))
    now, half, last = (table[name].values.astype(float) for name in ("step", "half", "last"))
    change = np.where(np.isnan(half), np.inf, half / now)
    ended = last / now
    reached = np.isfinite(change) if horizon is None else change <= horizon
    return table.assign(
        now=("run", now),
        seen=("run", np.where(np.isnan(half), ended, _evaluated_before(library, half, now) / now)),
        change=("run", change),
        known=("run", np.ones(len(now), bool) if horizon is None else ended >= horizon),
        changes=("run", reached),
    )


def not_begun(accuracy: Any, chance: Any) -> Any:
    """Whether a test accuracy, or each of several, is less than a tenth of the way from chance to 1.

    >>> not_begun(0.1, 0.05), not_begun(0.2, 0.05)
    (True, False)
    """
    return accuracy < chance + _NOT_YET * (1 - chance)


def _at_clock(library: xr.Dataset, clock: float) -> xr.Dataset:
    known = library["clock"].values.astype(float)
    near = np.isclose(known, float(number("clock", clock, above=0, such_as="2")))
    if not near.any():
        said = ", ".join(f"{each:g}" for each in known)
        raise BadArgument(
            f"clock is {clock!r}; the library has runs at {said} times t_mem: give one of these."
        )
    return library.isel(clock=int(np.flatnonzero(near)[0]))


def _evaluated_before(library: xr.Dataset, half: np.ndarray, now: np.ndarray) -> np.ndarray:
    """The last evaluation before each change, no earlier than the clock."""
    steps = np.sort(library["curve_step"].values.astype(float).ravel())
    steps = steps[np.isfinite(steps)]
    place = np.searchsorted(steps, np.nan_to_num(half, nan=0.0), side="left") - 1
    found = np.where(place >= 0, steps[np.maximum(place, 0)], 0.0) if len(steps) else np.zeros_like(half)
    return np.maximum(found, now)
