"""What the study of forecasts measures: the referee's table, and what is foretold of runs that no law has seen."""

from typing import Any

import numpy as np
import xarray as xr

import groklens as gl

#: When one looks, in multiples of the step at which a run had memorised, and until when a run is to change, in
#: multiples of the step at which one looks.
CLOCK, HORIZON = 2.0, 10.0
#: The numbers of the referee's table that are kept.
KEPT = ("auroc", "brier", "c_index", "lead", "warned", "false_alarms", "auroc_gained", "brier_gained")
COUNTS = (
    "null_low",
    "null_high",
    "p_value",
    "brier_base_rate",
    "n_train",
    "n_at_risk",
    "n_positive",
    "n_censored",
)
#: A step later than anything, as a number that a file can hold.
NEVER = 1e9


def measured(library: xr.Dataset, fresh: xr.Dataset, draws: int, signals: list[str] | None) -> dict[str, Any]:
    """The numbers of the study, of a library and of fresh runs."""
    return {
        "table": referee(library, CLOCK, draws, signals),
        "leaks": leaks(library, draws, signals),
        "fresh": foretold(library, gl.forecasts.at_risk(fresh, CLOCK, HORIZON)),
        "halves": xr.concat([by_the_other(library, half) for half in (0, 1)], "run"),
    }


def referee(library: xr.Dataset, clock: float, draws: int, signals: list[str] | None) -> xr.Dataset:
    """The referee's table at one clock, as far as it is kept."""
    table = gl.forecasts.judge(library, signals, HORIZON, clock, draws=draws)
    ends = [f"{name}_{end}" for name in KEPT for end in ("low", "high")]
    return table[[*KEPT, *ends, *COUNTS]]


def leaks(library: xr.Dataset, draws: int, signals: list[str] | None) -> xr.Dataset:
    """How far each signal is told by the configuration, and foretells by its other seeds alone (signal)."""
    every = [str(name) for name in library if str(name).startswith("signal_")]
    names = signals or [name.removeprefix("signal_") for name in every]
    found = xr.concat(
        [gl.forecasts.leakage(library, name, CLOCK, HORIZON, draws=draws) for name in names], "signal"
    )
    return (
        found[["share", "share_null", "by_configuration", "own", "leaks"]]
        .astype(float)
        .assign_coords(signal=names)
    )


def foretold(library: xr.Dataset, table: xr.Dataset) -> xr.Dataset:
    """What was forecast for each run at risk, by a law that has seen no run of its configuration, and what came."""
    rows = []
    for configuration in np.unique(table["configuration"].values):
        others = library.isel(run=np.flatnonzero(library["configuration"].values != configuration))
        own = table.isel(run=np.flatnonzero(table["configuration"].values == configuration))
        rows.append(by_law(gl.forecasts.law_at(others, CLOCK), own))
    return xr.concat(rows, "run")


def by_the_other(library: xr.Dataset, half: int) -> xr.Dataset:
    """What was forecast for one half of the configurations by the law of the other."""
    own = gl.forecasts.first_half(library["configuration"].values) == half
    law = gl.forecasts.law_at(library.isel(run=np.flatnonzero(~own)), CLOCK)
    return by_law(law, gl.forecasts.at_risk(library.isel(run=np.flatnonzero(own)), CLOCK, HORIZON))


def by_law(law: gl.forecasts.Law, table: xr.Dataset) -> xr.Dataset:
    """Chances and interval of each run of a table at risk by one law, with what became of it."""
    ends = np.array(law.interval(table)).reshape(-1, 3)
    columns = {
        "forecast": law.chance(table, HORIZON),
        "hyper_parameters": law.prior_chance(table, HORIZON),
        "base_rate": np.full(table.sizes["run"], law.rate(HORIZON)),
        "low": _far(ends[:, 0]),
        "high": _far(ends[:, 2]),
        "seen": table["seen"].values,
        "change": _far(table["change"].values),
    }
    columns |= {name: table[name].values.astype(float) for name in ("known", "changes")}
    found = xr.Dataset({name: ("run", each) for name, each in columns.items()})
    return found.assign_coords({name: ("run", table[name].values) for name in ("configuration", "kind")})


def _far(values: np.ndarray) -> np.ndarray:
    """Infinite as a number that is kept in a file: later than anything."""
    return np.where(np.isfinite(values), values, NEVER)
