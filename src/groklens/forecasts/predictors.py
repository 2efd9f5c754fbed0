"""What forecasts are made from: each signal alone, the nulls, and each signal beside the hyper-parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from groklens.errors import UnknownName, did_you_mean
from groklens.forecasts.sides import kinds_in

#: What every signal has to beat, by name.
BASE_RATE, HYPER, ELAPSED, SLOPE = "base_rate", "hyper_parameters", "elapsed_time", "test_loss_slope"
NULLS = (BASE_RATE, HYPER, ELAPSED, SLOPE)
_BESIDE = " + " + HYPER
_DECAY = "hyper_weight_decay"


@dataclass(frozen=True)
class Predictor:
    """The columns that one forecast is made from: `signals`, which must be known, and `hyper`-parameters with kinds."""

    name: str
    signals: tuple[str, ...] = ()
    hyper: tuple[str, ...] = ()
    sees: str = ""

    def known(self, table: xr.Dataset) -> np.ndarray:
        """Which runs of a table have every signal (run)."""
        found = np.ones(table.sizes["run"], bool)
        for name in self.signals:
            found &= np.isfinite(table[name].values.astype(float))
        return found

    def columns(self, table: xr.Dataset, kinds: Sequence[tuple[str, str]]) -> Float[np.ndarray, "run column"]:
        """The columns of a table of runs (run × column); `kinds` are the values that hyper-parameters tell apart."""
        columns = [table[name].values.astype(float) for name in self.signals]
        for name in self.hyper:
            values = table[name].values.astype(float)
            columns += _by_optimizer(values, table, kinds) if name == _DECAY else [values]
        if self.hyper:
            columns += [(table[kind].values == value).astype(float) for kind, value in kinds]
        return np.column_stack(columns) if columns else np.zeros((table.sizes["run"], 0))


def _by_optimizer(
    decay: Float[np.ndarray, "run"], table: xr.Dataset, kinds: Sequence[tuple[str, str]]
) -> list[np.ndarray]:
    """The decay in a column of its own for each optimiser, missing (and so at the mean) at runs of the others.

    A decay of 1 of AdamW is a share of the weights, of Adam a part of the gradient: on one axis neither says anything.
    """
    others = [value for kind, value in kinds if kind == "optimizer"]
    if not others:
        return [decay]
    which = table["optimizer"].values
    first = ~np.isin(which, others)
    return [np.where(each, decay, np.nan) for each in (first, *(which == value for value in others))]


def predictors(library: xr.Dataset, signals: Iterable[Any] | None = None) -> list[Predictor]:
    """The nulls, each signal alone, and each signal beside the hyper-parameters.

    `signals` are names, or signals themselves; all columns `signal_…` of the library when not given. Raises
    `UnknownName` for one of which the library has no column.
    """
    chosen = signals_of(library) if signals is None else [named_signal(library, each) for each in signals]
    hyper = hyper_parameters(library)
    alone = [
        Predictor(name, (f"signal_{name}",), sees=library[f"signal_{name}"].attrs.get("sees", ""))
        for name in chosen
    ]
    nulls = [Predictor(BASE_RATE), Predictor(HYPER, hyper=hyper), Predictor(ELAPSED, ("now",))]
    if SLOPE not in chosen and f"signal_{SLOPE}" in library:
        nulls.append(Predictor(SLOPE, (f"signal_{SLOPE}",), sees=library[f"signal_{SLOPE}"].attrs["sees"]))
    taken = {each.name for each in nulls}
    alone = [each for each in alone if each.name not in taken]
    beside = [Predictor(each.name + _BESIDE, each.signals, hyper, each.sees) for each in alone]
    return [*nulls, *alone, *beside]


def signals_of(library: xr.Dataset) -> list[str]:
    """The names of the signals that a library has a column of."""
    return [str(name).removeprefix("signal_") for name in library if str(name).startswith("signal_")]


def hyper_parameters(table: xr.Dataset) -> tuple[str, ...]:
    """The columns of hyper-parameters that are numbers."""
    return tuple(sorted(str(name) for name in table if str(name).startswith("hyper_")))


def kinds_of(table: xr.Dataset, kinds: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Values of task, model and optimiser by which runs differ, the first of each left out; `kinds_in` by default."""
    kinds = kinds_in(table) if kinds is None else kinds
    return [(kind, value) for kind in kinds for value in np.unique(table[kind].values).tolist()[1:]]


def named_signal(library: xr.Dataset, signal: Any) -> str:
    """The name of a signal, given by it or itself; `UnknownName` where the library has no column of it."""
    name = signal if isinstance(signal, str) else getattr(signal, "name", signal)
    if f"signal_{name}" not in library:
        known = signals_of(library)
        raise UnknownName(
            f"The library has no signal {name!r}; {did_you_mean(name, known) or 'it has ' + ', '.join(known) + '.'} "
            f"Add yours as a column over run and clock: library.assign(signal_{name}=…)."
        )
    return str(name)
