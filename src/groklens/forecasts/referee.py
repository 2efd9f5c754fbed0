"""`gl.forecasts.judge`: how good early warnings are, each alone and beside the nulls, on runs they were not made on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, described, whole_number
from groklens.forecasts.at_risk import at_risk
from groklens.forecasts.predictors import Predictor, predictors
from groklens.forecasts.scoring import SCORED, Court, scored
from groklens.forecasts.sides import Side, Split, splits

_SOURCE = "protocol: phenomena of generalisation, forecasts: split by configuration, at-risk runs, frozen thresholds"
#: What each number is called, and its units.
_SAID = {
    "auroc": ("area under the ROC curve", "AUROC"),
    "brier": ("Brier score", "squared probability"),
    "c_index": ("C-index", "share of pairs"),
    "lead": (
        "time from the first alarm to the change, mean of the changes warned of",
        "share of the time of the change",
    ),
    "warned": ("changes that an alarm went before", "share of changes"),
    "false_alarms": ("alarms that no change followed by the horizon", "alarms a look at a run at risk"),
    "auroc_gained": ("AUROC less that of hyper-parameters alone, on the same runs", "AUROC"),
    "brier_gained": (
        "Brier score of hyper-parameters alone less this, on the same runs",
        "squared probability",
    ),
    "brier_base_rate": ("Brier score of the fitted side's base rate", "squared probability"),
    "null": ("AUROC with the outcomes dealt out anew among configurations", "AUROC"),
    "p_value": ("how often outcomes dealt out anew give as high an AUROC", "probability"),
    "n_train": ("runs that the forecast was fitted on", "runs"),
    "n_train_positive": ("of these, runs that changed", "runs"),
    "n_at_risk": ("runs at risk that it was judged on", "runs"),
    "n_positive": ("of these, runs that changed by the horizon", "runs"),
    "n_censored": ("runs at risk not watched to the horizon, in the C-index alone", "runs"),
}


def judge(
    library: xr.Dataset,
    signals: Iterable[Any] | None = None,
    horizon: float | None = 10.0,
    clock: float = 2.0,
    train_on: Side | None = None,
    test_on: Side | None = None,
    *,
    draws: int = 400,
    seed: int = 0,
) -> xr.Dataset:
    """How well signals foresee that a run changes, judged on runs of other configurations (signal × split).

    Of every signal: alone, and beside the hyper-parameters; with the nulls that it has to beat, the base rate, the
    hyper-parameters alone, the time since the start, and the slope of the test loss. A logistic regression and the
    threshold of its alarm are fitted on one side of a split and frozen; all numbers are of the other side.

    Args:
        library: runs as `gl.forecasts.library()` has them; a signal of yours is one more column `signal_…`.
        signals: which of them, by name; all when not given.
        horizon: by when a run is to change, in multiples of the step at the clock; None is the run's end.
        clock: when one looks, in multiples of the step at which the run had memorised.
        train_on, test_on: the sides, as values by coordinate or masks over runs; when not given, halves of the
            configurations, and each task, model and optimiser by the others (`splits`).
        draws: of the bootstrap over configurations, and of the permutation null within the judged side.

    `auroc` is 1 where every run that changes is put before every one that does not, ½ where nothing is foreseen, below
    where the sign does not transfer; `null_low`–`null_high` is where it lies by chance. `brier` is 0 at best, and
    `brier_base_rate` without any knowledge. `c_index` also uses runs that were not watched to the horizon. `lead` near
    1 is an alarm long before the change; `false_alarms` are those for nothing, a look (one
    run at one clock). `…_low` and `…_high` are 95 %
    intervals over configurations. `auroc_gained` says what a forecast adds to hyper-parameters; one whose interval
    holds 0 adds nothing that these runs show. Numbers are nan where a side has no run, or no run that changes.

    Raises `BadArgument` for a clock that the library does not have, and for sides that share a configuration.

    >>> table = gl.forecasts.judge(gl.forecasts.library(), ["weight_norm"])  # doctest: +SKIP
    >>> table["auroc"].sel(signal="weight_norm").to_series()  # doctest: +SKIP
    """
    numbered, clocks = numbered_runs(library), library_clocks(library)
    draws = whole_number("draws", draws, 1, such_as=400)
    table = at_risk(numbered, clock, horizon)
    listed, chosen = predictors(library, signals), splits(numbered, train_on, test_on, seed)
    tables = {each: at_risk(numbered, each, horizon) for each in clocks}
    courts = [Court(table, tables, split, draws, seed) for split in chosen]
    rows = [[scored(court, predictor) for court in courts] for predictor in listed]
    found = _as_table(rows, listed, chosen)
    return found.assign_attrs(clock=clock, horizon=horizon or np.nan, draws=draws, seed=seed, source=_SOURCE)


def numbered_runs(library: xr.Dataset) -> xr.Dataset:
    """A library whose runs are known by their place; `BadArgument` for what is no library."""
    if not isinstance(library, xr.Dataset) or "clock" not in library.dims or "half" not in library:
        raise BadArgument(
            f"{described(library)} is no library of runs; give gl.forecasts.library(), or runs of yours of that shape."
        )
    configurations = [str(each) for each in library["configuration"].values]
    return library.assign_coords(run=np.arange(library.sizes["run"])).assign_attrs(
        configurations=configurations
    )


def library_clocks(library: xr.Dataset) -> list[float]:
    """The clocks at which a library was looked at, ascending."""
    return sorted(float(each) for each in library["clock"].values)


def _as_table(rows: list[list[dict[str, float]]], listed: list[Predictor], chosen: list[Split]) -> xr.Dataset:
    names = [*SCORED, *(f"{name}_{end}" for name in SCORED for end in ("low", "high"))]
    names += ["brier_base_rate", "null_low", "null_high", "p_value"]
    names += ["n_train", "n_train_positive", "n_at_risk", "n_positive", "n_censored"]
    coords = {"signal": [each.name for each in listed], "split": [each.name for each in chosen]}
    table = xr.Dataset(coords=coords | {"sees": ("signal", [each.sees for each in listed])})
    for name in names:
        values = [[float(cell.get(name, np.nan)) for cell in row] for row in rows]
        said, units = _SAID[name.removesuffix("_low").removesuffix("_high")]
        table[name] = (("signal", "split"), values, {"long_name": said, "units": units})
    return table
