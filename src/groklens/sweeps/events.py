"""When a run memorised, generalised and settled, from its history; censored where it did not happen."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument

#: The accuracy from which inputs count as known.
KNOWN = 0.99
#: A run has settled from where its test loss stays below this share of its peak, as at the end of cleanup.
LOW = 0.01
#: The phases of Liu et al. (2022), from the one that has learned least.
PHASES = ("confusion", "memorisation", "grokking", "comprehension")


def events_of(run: Any) -> xr.Dataset:
    """When a run memorised, generalised and settled, in updates, from the accuracies of its history.

    `memorised`: the first evaluated step at which train accuracy is at least 0.99. `generalised`: the first at which
    test accuracy is. `settled`: the first from which on test accuracy stays there and test loss below 1 % of its peak,
    as where `gl.explain` ends cleanup, which asks for the weight norm too. Each is nan where it did not happen by the
    last step, `last_step`, at which the run is censored: later, or never, is not known. `delay` is `generalised` −
    `memorised`, nan where one is missing. Times are as fine as the run was evaluated (`evaluate_every`), and late by
    up to that.

    What generalised and was lost again has happened all the same; `gl.explain` judges the last step, and says so.

    Raises `BadArgument` for a run whose history has no test accuracy.

    >>> events_of(gl.load("examples/runs/mod113"))["generalised"]  # doctest: +SKIP
    """
    history = run.history
    if "test_accuracy" not in history or not bool(history["test_accuracy"].notnull().any()):
        raise BadArgument(
            f"The history of {run.name} has no test accuracies, so when it generalised is not known; train with "
            "evaluate_every=100 and test inputs."
        )
    test = history["test_accuracy"].dropna("step")
    found = {
        "memorised": _first(history["train_accuracy"].dropna("step"))
        if "train_accuracy" in history
        else np.nan,
        "generalised": _first(test),
        "settled": _settled(test, history["test_loss"].dropna("step")),
        "last_step": float(history["step"].values[-1]),
    }
    found["delay"] = found["generalised"] - found["memorised"]
    table = xr.Dataset({name: ((), value) for name, value in found.items()})
    for name, called in _CALLED.items():
        table[name].attrs = {"long_name": called, "units": "updates", "source": f"accuracy ≥ {KNOWN}"}
    return table


_CALLED = {
    "memorised": "step at which the train inputs are known",
    "generalised": "step at which the test inputs are known",
    "settled": "step from which test loss stays below 1 % of its peak",
    "last_step": "last step, where what has not happened is censored",
    "delay": "steps from memorising to generalising",
}


def phases(events: xr.Dataset, late: float = 1_000) -> xr.DataArray:
    """The phase of every run: confusion, memorisation, grokking or comprehension, as text over the sweep's axes.

    Confusion: the train inputs were known at no evaluated step; memorisation: they were, and the test inputs never;
    grokking: both were, the test inputs more than `late` updates later; comprehension: both, sooner. What was known and
    is lost again counts as known, as in the source: `settled` is missing then. Source: Liu et al. 2022
    (arXiv:2205.10343), figure 6, with accuracies of 0.9 and a limit of 1,000 updates; ours are 0.99, and the limit is
    the caller's, for it depends on rate and batch. A run that ended early may yet change its phase. `""` where a run is
    missing.

    >>> phases(runs.events(), late=2_000)  # doctest: +SKIP
    """
    knows, generalised = events["memorised"].notnull(), events["generalised"].notnull()
    number = xr.where(generalised, xr.where(events["delay"] > late, 2, 3), xr.where(knows, 1, 0))
    names = np.array([*PHASES, ""])[xr.where(events["last_step"].notnull(), number, 4).values.astype(int)]
    attrs = {
        "long_name": "phase",
        "units": "phase",
        "late": late,
        "source": "Liu et al. 2022, arXiv:2205.10343",
    }
    return xr.DataArray(names, dims=number.dims, coords=number.coords, name="phase", attrs=attrs)


def _first(accuracy: xr.DataArray) -> float:
    reached = np.flatnonzero(accuracy.values >= KNOWN)
    return float(accuracy["step"].values[reached[0]]) if len(reached) else np.nan


def _settled(accuracy: xr.DataArray, loss: xr.DataArray) -> float:
    """The first evaluated step after the last at which accuracy or loss was elsewhere."""
    steps = accuracy["step"].values
    found = loss.reindex(step=steps).values
    peak = np.max(found[np.isfinite(found)], initial=0.0)
    away = ~((accuracy.values >= KNOWN) & (found < LOW * peak))  # what is not finite is away too
    if away[-1]:
        return np.nan
    last = np.flatnonzero(away)
    return float(steps[last[-1] + 1] if len(last) else steps[0])
