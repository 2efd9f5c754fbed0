"""`row_of`: one run as a row of a library of runs, up to a step or at multiples of its time to memorise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, described
from groklens.forecasts.library import HYPER, SIGNAL
from groklens.forecasts.nulls import HYPER_PARAMETERS
from groklens.forecasts.signal import Signal, checked_signal
from groklens.forecasts.signals import SIGNALS
from groklens.forecasts.trajectory import Trajectory
from groklens.forecasts.what_run import labels_of
from groklens.measures import sum_squared_weights
from groklens.runs import AnyRun, as_run
from groklens.sweeps import KNOWN

#: Test accuracy from which a run has changed.
HALF = 0.5
_CALLED = {
    "memorised": ("step at which the train inputs are known", "updates", f"train accuracy ≥ {KNOWN}"),
    "generalised": ("step at which the test inputs are known", "updates", f"test accuracy ≥ {KNOWN}"),
    "half": ("step at which half of the test inputs are known", "updates", f"test accuracy ≥ {HALF}"),
    "last": ("last step, at which the run is censored", "updates", ""),
    "chance": ("accuracy of guessing", "accuracy", "1 / classes"),
    "step": ("step at the clock", "updates", ""),
    "test_accuracy": ("test accuracy", "accuracy", ""),
    "train_accuracy": ("train accuracy", "accuracy", ""),
    "curve_step": ("step", "updates", ""),
    "curve_test_accuracy": ("test accuracy", "accuracy", ""),
    "curve_test_loss": ("test loss", "nats", ""),
    "curve_train_loss": ("train loss", "nats", ""),
    "curve_norm": ("norm of the weights", "norm", "every parameter"),
}


def row_of(
    run: AnyRun,
    step: int | None = None,
    *,
    clocks: Sequence[float] | None = None,
    signals: Iterable[Any] | None = None,
) -> xr.Dataset:
    """One run as a library of one run: what is known of it up to a step, with the signals there.

    Args:
        run: a run whose split is known, with evaluated test inputs.
        step: the last step that is seen, the last kept one when not given. There is one place on `clock`, which is the
            step in multiples of `memorised`; `memorised`, `half` and `generalised` are nan where they come later.
        clocks: multiples of the time to memorise at which to look instead, of the whole run, as a library has it; what
            lies behind the run's end, or is never reached, is nan.
        signals: `gl.forecasts.SIGNALS` when not given.

    `evaluation` are the kept steps at which the test inputs were evaluated. Raises `BadArgument` for a run without
    test accuracies, for both step and clocks, and what a `Trajectory` raises.

    >>> row_of(run, 400)["signal_weight_norm"].item()  # doctest: +SKIP
    """
    run, chosen = as_run(run), [checked_signal(each) for each in (SIGNALS if signals is None else signals)]
    if step is not None and clocks is not None:
        raise BadArgument("row_of was given a step and clocks; give one of them.")
    until = run.steps[-1] if step is None else step
    whole = Trajectory(run, until)
    found = events_until(whole)
    places = [until / found["memorised"]] if clocks is None else [float(each) for each in clocks]
    steps = (
        [float(until)] if clocks is None else [_at_clock(whole, each * found["memorised"]) for each in places]
    )
    columns = {name: ((), value) for name, value in found.items()} | _curves(whole)
    columns |= {
        HYPER + each.name: ((), each.value(whole.seen_by(each.sees)), _attributes(each))
        for each in HYPER_PARAMETERS
    }
    columns |= _at_steps(whole, steps, chosen)
    row = xr.Dataset(columns, {"clock": places})
    for name, (called, units, source) in _CALLED.items():
        row[name].attrs = {"long_name": called, "units": units, "source": source}
    return _alone(row, labels_of(run))


def events_until(trajectory: Trajectory) -> dict[str, float]:
    """When the run memorised, knew half and generalised, so far; the last step seen, and the accuracy of guessing."""
    test = trajectory.evaluated("test_accuracy")
    found = {"memorised": trajectory.memorised}
    for name, known in (("generalised", KNOWN), ("half", HALF)):
        reached = np.flatnonzero(test.values >= known)
        found[name] = float(test["step"].values[reached[0]]) if len(reached) else np.nan
    classes = trajectory.snapshot().task.d_vocab_out
    return found | {"last": float(trajectory.step), "chance": 1 / classes}


def _at_clock(whole: Trajectory, wanted: float) -> float:
    """The last kept step at or before a step, nan where the run ends before it or memorises never."""
    return float(max(each for each in whole.steps if each <= wanted)) if wanted <= whole.step else np.nan


def _at_steps(whole: Trajectory, steps: Sequence[float], signals: Sequence[Signal]) -> dict[str, Any]:
    """Step, accuracies and signals at each of some steps, nan at those that are (clock)."""
    values: dict[str, list[float]] = {name: [] for name in ("test_accuracy", "train_accuracy")}
    values |= {SIGNAL + each.name: [] for each in signals}
    for step in steps:
        seen = None if np.isnan(step) else whole.until(int(step))
        for name in ("test_accuracy", "train_accuracy"):
            values[name].append(np.nan if seen is None else float(seen.evaluated(name).values[-1]))
        for each in signals:
            value = np.nan if seen is None else _number(each, seen.seen_by(each.sees))
            values[SIGNAL + each.name].append(value)
    attributes = {SIGNAL + each.name: _attributes(each) for each in signals}
    columns = {name: ("clock", found, attributes.get(name, {})) for name, found in values.items()}
    return {"step": ("clock", list(steps)), **columns}


def _number(signal: Signal, seen: Trajectory) -> float:
    """What a signal says of a run up to a step; `BadArgument` for what is neither a number nor nan."""
    given = signal.value(seen)
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = np.inf
    if np.isinf(value) or isinstance(given, str):
        raise BadArgument(
            f"The signal {signal.name} is {described(given)} at step {seen.step:,}; it has to be a number, or nan "
            "where it has none."
        )
    return value


def _curves(whole: Trajectory) -> dict[str, Any]:
    """Losses, test accuracy and weight norm at the kept steps that were evaluated (evaluation)."""
    evaluated = {int(each) for each in whole.evaluated("test_accuracy")["step"].values}
    steps = [each for each in whole.steps if each in evaluated]
    rows = whole.history.sel(step=steps)
    norms = [np.sqrt(float(sum_squared_weights(whole.snapshot(each)))) for each in steps]
    columns = {name: rows[name].values for name in ("test_accuracy", "test_loss", "train_loss")} | {
        "norm": norms
    }
    curves = {f"curve_{name}": ("evaluation", values) for name, values in columns.items()}
    return {"curve_step": ("evaluation", np.array(steps, float)), **curves}


def _attributes(signal: Signal) -> dict[str, str]:
    return {
        "long_name": signal.name.replace("_", " "),
        "sees": signal.sees,
        "units": signal.units,
        "source": signal.source,
    }


def _alone(row: xr.Dataset, labels: dict[str, Any]) -> xr.Dataset:
    """A library of this one run: an axis `run` before all but the steps of the curves, which runs share."""
    whole = row.drop_vars("curve_step").expand_dims(run=1).assign(curve_step=row["curve_step"])
    return whole.assign_coords({name: ("run", [value]) for name, value in labels.items()})
