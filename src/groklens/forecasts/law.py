"""The law that forecasts of one time of looking are made by: fitted once on a library, and remembered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from groklens.errors import BadArgument
from groklens.forecasts.at_risk import at_risk
from groklens.forecasts.predictors import (
    BASE_RATE,
    HYPER,
    Predictor,
    hyper_parameters,
    kinds_of,
    predictors,
    signals_of,
)
from groklens.forecasts.referee import library_clocks, numbered_runs
from groklens.forecasts.sides import KINDS
from groklens.forecasts.weibull import FEWEST, Interval, Weibull

#: A signal is used that this share of the runs at risk has.
_KNOWN_OF = 0.9


@dataclass(frozen=True, eq=False)
class Law:
    """A Weibull law of when runs change, fitted at one clock of a library, with what it looks at.

    `prior` is the law by hyper-parameters alone, and `base_rate` that without any column.
    """

    clock: float
    table: xr.Dataset
    predictor: Predictor
    kinds: tuple[tuple[str, str], ...]
    fitted: Weibull
    prior: Weibull
    base_rate: Weibull

    @property
    def runs(self) -> int:
        """How many runs it was fitted on."""
        return int(self.table.sizes["run"])

    def chance(self, table: xr.Dataset, by: float) -> Float[np.ndarray, "run"]:
        """The chance that each run of a table at risk changes before `by` times its step now, in (0, 1) (run).

        Of n runs none can show less than 1 / (n + 2), nor more than 1 less that: Laplace's rule of succession.
        """
        return self._bounded(self.fitted.chance(self._columns(self.predictor, table), by))

    def prior_chance(self, table: xr.Dataset, by: float) -> Float[np.ndarray, "run"]:
        """The chance by hyper-parameters alone (run)."""
        columns = self._columns(Predictor(HYPER, (), self.predictor.hyper), table)
        return self._bounded(self.prior.chance(columns, by))

    def rate(self, by: float) -> float:
        """The chance of any run at risk at this clock."""
        return float(self._bounded(self.base_rate.chance(np.zeros((1, 0)), by))[0])

    def interval(self, table: xr.Dataset) -> list[Interval]:
        """When each run changes, in multiples of its step now (run)."""
        return self.fitted.interval(self._columns(self.predictor, table))

    def _bounded(self, chance: Float[np.ndarray, "run"]) -> Float[np.ndarray, "run"]:
        least = 1 / (self.runs + 2)
        return np.clip(chance, least, 1 - least)

    def _columns(self, predictor: Predictor, row: xr.Dataset) -> Float[np.ndarray, "run column"]:
        missing = [name for name in (*predictor.signals, *predictor.hyper) if name not in row]
        row = row.assign({name: ("run", np.full(row.sizes["run"], np.nan)) for name in missing})
        return predictor.columns(row, self.kinds)


def law_at(library: xr.Dataset, time: float, signals: tuple[str, ...] | None = None) -> Law:
    """The law for runs looked at at `time` (multiples of t_mem), of the library's last clock that is not later.

    `signals` are used beside the hyper-parameters; when not given, those that are no oracle and that nine in ten of the
    runs at risk have. Raises `BadArgument` where fewer than twenty runs are at risk there.
    """
    clocks = [each for each in library_clocks(library) if each <= time * 1.001] or library_clocks(library)[:1]
    table = at_risk(numbered_runs(library), clocks[-1], None)
    if table.sizes["run"] < FEWEST:
        raise BadArgument(
            f"The library has {table.sizes['run']} runs at risk at {clocks[-1]:g} times t_mem; give one with more."
        )
    if signals is not None:
        predictors(library, signals)  # an unknown name is answered
    chosen = usable(table) if signals is None else tuple(f"signal_{name}" for name in signals)
    hyper, kinds = hyper_parameters(library), tuple(kinds_of(table, KINDS))
    listed = Predictor("forecast", chosen, hyper), Predictor(HYPER, (), hyper), Predictor(BASE_RATE)
    fits = [
        Weibull.fit(each.columns(table, kinds), table["seen"].values, table["change"].values)
        for each in listed
    ]
    return Law(clocks[-1], table, listed[0], kinds, *fits)


def usable(table: xr.Dataset) -> tuple[str, ...]:
    """The columns of signals that a forecast may use: no oracle, and known of nearly all runs at risk."""
    names = [f"signal_{name}" for name in signals_of(table)]
    return tuple(
        name
        for name in names
        if table[name].attrs.get("sees") != "oracle"
        and np.isfinite(table[name].values.astype(float)).mean() >= _KNOWN_OF
    )
