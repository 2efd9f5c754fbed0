"""One forecast on one split: fitted on one side, frozen, and judged on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from groklens.forecasts.alarms import alarm_scores, alarmed, threshold
from groklens.forecasts.predictors import HYPER, Predictor, hyper_parameters, kinds_of
from groklens.forecasts.ranking import (
    bootstrap,
    changed_first,
    concordance,
    interval,
    positives_first,
    shuffled,
)
from groklens.forecasts.regression import Logistic
from groklens.forecasts.sides import Split

#: Every number that is given with an interval.
SCORED = ("auroc", "brier", "c_index", "lead", "warned", "false_alarms", "auroc_gained", "brier_gained")


@dataclass(frozen=True, eq=False)
class Court:
    """One split of the runs at risk, with all that its forecasts are judged by: the same draws for each."""

    table: xr.Dataset
    clocks: Mapping[float, xr.Dataset]
    split: Split
    draws: int
    seed: int

    @cached_property
    def weights(self) -> np.ndarray:
        """How often each run of the library is drawn, configurations of the judged side with replacement."""
        found = np.zeros((self.draws + 1, len(self.split.test)))
        configuration = np.asarray(self.table.attrs["configurations"])[self.split.test]
        found[:, self.split.test] = bootstrap(configuration, self.draws, np.random.default_rng(self.seed))
        return found

    def fitted(self, predictor: Predictor, like: Predictor | None = None) -> Logistic:
        """The forecast fitted on the one side's runs whose outcome, and signals, are known; `like` others' runs."""
        rows = self.split.train[self.table["run"].values] & self.table["known"].values
        chosen = self.table.isel(run=np.flatnonzero(rows & (like or predictor).known(self.table)))
        return Logistic.fit(predictor.columns(chosen, kinds_of(self.table)), chosen["changes"].values)

    def chance(self, predictor: Predictor, model: Logistic, table: xr.Dataset) -> np.ndarray:
        """The frozen forecast for each run of a table."""
        return model.chance(predictor.columns(table, kinds_of(self.table)))


def scored(court: Court, predictor: Predictor) -> dict[str, float]:
    """Every number of one forecast on one split, with its interval over configurations and its null."""
    known = predictor.known(court.table)
    of_test = court.split.test[court.table["run"].values] & known
    of_train = court.split.train[court.table["run"].values] & known & court.table["known"].values
    test, fitted_on = (court.table.isel(run=np.flatnonzero(each)) for each in (of_test, of_train))
    watched, changes = test["known"].values, test["changes"].values
    counts = {
        "n_train": float(of_train.sum()),
        "n_train_positive": float(fitted_on["changes"].values.sum()),
        "n_at_risk": float(watched.sum()),
        "n_positive": float(changes[watched].sum()),
        "n_censored": float((~watched).sum()),
    }
    if not len(fitted_on["run"]) or not watched.any():
        return counts
    model = court.fitted(predictor)
    chance = court.chance(predictor, model, test)
    beside = Predictor(HYPER, hyper=hyper_parameters(test))
    rival = court.chance(beside, court.fitted(beside, predictor), test)
    weights = court.weights[:, test["run"].values]
    own, others = (_ranked(each, test, weights) for each in (chance, rival))
    found = {**own, **_alarms(court, predictor, model)}
    found["auroc_gained"] = own["auroc"] - others["auroc"]
    found["brier_gained"] = others["brier"] - own["brier"]
    rate = float(fitted_on["changes"].values.mean())
    return {
        **counts,
        **_with_intervals(found),
        "brier_base_rate": float(((rate - changes[watched]) ** 2).mean()),
        **_null(chance[watched], changes[watched], test["configuration"].values[watched], court),
    }


def _ranked(chance: np.ndarray, test: xr.Dataset, weights: np.ndarray) -> dict[str, np.ndarray]:
    """AUROC and Brier score of the runs watched to the horizon, C-index of all of them, by draw."""
    watched, changes = test["known"].values, test["changes"].values
    first = positives_first(changes) & watched[:, None] & watched[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        brier = (weights @ (watched * (chance - changes) ** 2)) / (weights @ watched.astype(float))
    ordered = changed_first(test["change"].values, test["seen"].values)
    return {
        "auroc": concordance(chance, first, weights),
        "brier": brier,
        "c_index": concordance(chance, ordered, weights),
    }


def _alarms(court: Court, predictor: Predictor, model: Logistic) -> dict[str, np.ndarray]:
    """Alarms at every clock, by the forecast of this clock and the threshold of the fitted side, by draw."""
    rows = court.split.train[court.table["run"].values] & court.table["known"].values
    fitted_on = court.table.isel(run=np.flatnonzero(rows & predictor.known(court.table)))
    limit = threshold(court.chance(predictor, model, fitted_on), fitted_on["changes"].values)
    tables, sounds = {}, {}
    for clock, table in court.clocks.items():
        rows = court.split.test[table["run"].values] & predictor.known(table)
        tables[clock] = table.isel(run=np.flatnonzero(rows))
        sounds[clock] = court.chance(predictor, model, tables[clock]) >= limit
    due = np.zeros(len(court.split.test), bool)
    due[court.table["run"].values[court.table["changes"].values & court.table["known"].values]] = True
    counted = court.split.test & due & _among(tables, len(due))
    return alarm_scores(alarmed(tables, sounds, counted), court.weights)


def _among(tables: Mapping[float, xr.Dataset], n_runs: int) -> np.ndarray:
    """Which runs of the library are in some of the tables."""
    found = np.zeros(n_runs, bool)
    for table in tables.values():
        found[table["run"].values] = True
    return found


def _with_intervals(found: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Each number with its interval; a draw stands for the runs as they are, the first row."""
    values: dict[str, float] = {}
    for name in SCORED:
        low, high = interval(found[name][1:])
        values |= {name: float(found[name][0]), f"{name}_low": low, f"{name}_high": high}
    return values


def _null(chance: np.ndarray, changes: np.ndarray, groups: np.ndarray, court: Court) -> dict[str, float]:
    """The AUROC under outcomes dealt out anew among the judged side's configurations, and how often it is as high."""
    own = float(concordance(chance, positives_first(changes))[0])
    if np.isnan(own):
        return {}
    higher = (chance[:, None] > chance[None, :]) + 0.5 * (chance[:, None] == chance[None, :])
    dealt = shuffled(changes, groups, court.draws, np.random.default_rng(court.seed + 1)).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        null = ((dealt @ higher) * (1 - dealt)).sum(axis=1) / (dealt.sum(axis=1) * (1 - dealt).sum(axis=1))
    low, high = interval(null)
    as_high = (null >= own - 1e-12).sum()
    return {
        "null_low": low,
        "null_high": high,
        "p_value": float((1 + as_high) / (1 + np.isfinite(null).sum())),
    }
