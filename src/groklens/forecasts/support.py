"""Whether a run is one of those that the library knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from groklens.errors import BadArgument
from groklens.forecasts.library import HYPER
from groklens.forecasts.nulls import HYPER_PARAMETERS
from groklens.forecasts.predictors import hyper_parameters
from groklens.forecasts.trajectory import Trajectory
from groklens.forecasts.what_run import labels_of
from groklens.runs import Run

#: The coordinates whose values must be known together.
_KIND = ("task", "model", "optimizer")
#: How far beyond the library's hyper-parameters a run's may lie, for rounding.
_ROUNDING = 1e-3
#: How far after the library's last clock a run may be looked at, as a multiple of it.
_LATER = 2.0


@dataclass(frozen=True)
class Support:
    """Whether the library has runs like this one: `inside`, how many `runs`, and if not, the `reasons`."""

    inside: bool
    runs: int = 0
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.inside:
            return f"{self.runs} runs of the library were still at risk at such a time"
        return "; ".join(self.reasons)


def of_known_kind(library: xr.Dataset, labels: dict[str, str]) -> tuple[str, ...]:
    """Why a run's task, model and optimiser are none that the library has together; empty where they are."""
    reasons = []
    for kind in _KIND:
        known = np.unique(library[kind].values)
        if labels[kind] not in known:
            said = "is not known" if labels[kind] == "unknown" else f"is {labels[kind]}"
            reasons.append(f"its {_WORD[kind]} {said}, and the library has {', '.join(map(str, known))}")
    same = np.ones(library.sizes["run"], bool)
    for kind in _KIND:
        same &= library[kind].values == labels[kind]
    if not reasons and not same.any():
        reasons.append(f"the library has no run of {' with '.join(labels[kind] for kind in _KIND)}")
    return tuple(reasons)


_WORD = {"task": "task", "model": "model", "optimizer": "optimiser"}


def why_outside(library: xr.Dataset, run: Run, now: int) -> tuple[str, ...]:
    """Why a run, looked at after `now` updates, lies outside of what the library has seen; empty where it lies inside.

    Inside: its task, model and optimiser stand together in the library, each hyper-parameter lies between the least and
    the largest that runs of this kind had, and it is looked at between the first of the library's clocks and twice the
    last. No model is opened for it; a run's signals are looked at where the law is made (`far_from`).
    """
    labels = labels_of(run)
    if reasons := of_known_kind(library, labels):
        return reasons
    try:
        whole = Trajectory(run, now)
        memorised, _ = whole.memorised, whole.evaluated("test_accuracy")
    except BadArgument as error:
        return (str(error),)
    same = np.all([library[kind].values == labels[kind] for kind in _KIND], axis=0)
    hyper = {HYPER + each.name: each.value(whole) for each in HYPER_PARAMETERS}
    beyond = _beyond(library.isel(run=np.flatnonzero(same)), hyper)
    return (*beyond, *_at_another_time(library, memorised, now))


def _beyond(alike: xr.Dataset, own: Mapping[str, float]) -> list[str]:
    """Hyper-parameters beyond those of the library's runs of this kind."""
    found = []
    for name in hyper_parameters(alike):
        values = alike[name].values.astype(float)
        values = values[np.isfinite(values)]
        value = own.get(name, float("nan"))
        said = name.removeprefix("hyper_").replace("_", " ")
        if not len(values):
            continue
        if np.isnan(value):
            found.append(f"its {said} is not known")
        elif not values.min() * (1 - _ROUNDING) <= value <= values.max() * (1 + _ROUNDING):
            found.append(
                f"its {said} is {value:g}, and the library's are {values.min():g} to {values.max():g}"
            )
    return found


def far_from(table: xr.Dataset, row: xr.Dataset, signals: tuple[str, ...]) -> tuple[str, ...]:
    """Signals of a run that are farther out than any run at risk had them, by more than their standard deviation.

    A network of another width, say, has another norm of its weights: the law would be stretched to what was not seen.
    """
    found = []
    for name in signals:
        values, value = table[name].values.astype(float), float(row[name].values.ravel()[0])
        values = values[np.isfinite(values)]
        slack = values.std() if len(values) else np.inf
        if (
            np.isfinite(value)
            and not values.min(initial=np.inf) - slack <= value <= values.max(initial=-np.inf) + slack
        ):
            said = name.removeprefix("signal_").replace("_", " ")
            found.append(
                f"its {said} is {value:.3g}, and the library's are {values.min():.3g} to {values.max():.3g}"
            )
    return tuple(found)


def _at_another_time(library: xr.Dataset, memorised: float, now: int) -> list[str]:
    """That a run is looked at earlier or later, by its own clock, than any of the library was."""
    if np.isnan(memorised):
        return ["it has not memorised its train inputs"]
    first, last = float(library["clock"].min()), _LATER * float(library["clock"].max())
    if first * (1 - _ROUNDING) <= now / memorised <= last * (1 + _ROUNDING):
        return []
    return [
        f"it is looked at at {now / memorised:.3g} times the step at which it had memorised, and the library at "
        f"{first:g} to {last:g} times"
    ]
