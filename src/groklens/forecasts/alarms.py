"""Alarms: from which threshold a forecast warns of a change, how early, and how often for nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from groklens.forecasts.ranking import Weights


def threshold(chance: Float[np.ndarray, "run"], changes: Bool[np.ndarray, "run"]) -> float:
    """The chance from which on an alarm is given: where hits less false alarms are most, the highest such.

    Source: Youden 1950. Infinite, so that there is no alarm, where no chance tells runs that change from others.
    """
    if changes.all() or not changes.any():
        return float("inf")
    places = np.unique(chance)[::-1]
    above = chance[None, :] >= places[:, None]
    gained = above[:, changes].mean(axis=1) - above[:, ~changes].mean(axis=1)
    return float(places[np.argmax(gained)]) if gained.max() > 0 else float("inf")


def alarmed(
    tables: Mapping[float, xr.Dataset],
    sounds: Mapping[float, Bool[np.ndarray, "run"]],
    due: Bool[np.ndarray, "run_of_library"],
) -> xr.Dataset:
    """What came of the alarms of each run, looked at at every clock at which it was at risk (run of the library).

    `tables` are the runs at risk by clock (`at_risk`), `sounds` whether the alarm sounds for each, `due` the runs that
    change by the horizon of the clock that is judged. `lead` is the time from the first alarm to the last evaluation
    before the change, as a share of the time of the change, in [0, 1), nan without an alarm or where none was due;
    `looks` counts the clocks at which the run was at risk and its outcome is known, `false` those of them at which an
    alarm sounded that no change followed by the horizon.
    """
    first, false = np.full(len(due), np.inf), np.zeros(len(due))
    change, seen = first.copy(), first.copy()
    looks = np.zeros(len(due))
    for clock, table in tables.items():
        run, now = table["run"].values, table["now"].values
        first[run] = np.minimum(first[run], np.where(sounds[clock], now, np.inf))
        change[run], seen[run] = table["change"].values * now, table["seen"].values * now
        looks[run] += table["known"].values
        false[run] += sounds[clock] & table["known"].values & ~table["changes"].values
    lead = np.full(len(due), np.nan)
    caught = due & np.isfinite(first)
    lead[caught] = np.maximum(seen[caught] - first[caught], 0) / change[caught]
    columns = {"due": due, "lead": lead, "looks": looks, "false": false}
    return xr.Dataset({name: ("run", values) for name, values in columns.items()})


def alarm_scores(found: xr.Dataset, weights: Weights) -> dict[str, np.ndarray]:
    """Lead, share of changes that were warned of, and false alarms a look, for each draw of the runs (draw).

    A look is a run at risk at one clock, of known outcome: later clocks are seldom watched to their horizon, and
    an alarm that nobody could judge would count as none. `lead` is the mean over changes that were warned of; nan where
    none was.
    """
    due, looks = found["due"].values, found["looks"].values
    lead, warned = np.nan_to_num(found["lead"].values), np.isfinite(found["lead"].values)
    return {
        "lead": _mean(lead, warned, weights),
        "warned": _mean(warned.astype(float), due, weights),
        "false_alarms": _mean(found["false"].values / np.maximum(looks, 1), looks, weights),
    }


def _mean(values: np.ndarray, among: np.ndarray, weights: Weights) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((weights @ (values * among)) / (weights @ among.astype(float)))
