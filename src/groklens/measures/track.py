"""Measures over the kept steps of a run, as one labelled table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from groklens.capture import Given, RunLike, Snapshot, as_run, kept_steps
from groklens.circuits import AnyCircuit, Circuit, as_circuit, find_circuit
from groklens.errors import BadArgument, GroklensError, UnknownName
from groklens.measures.measure import Measure, lacking
from groklens.measures.named import AnyMeasures, chosen_measures
from groklens.progress import each, progress_shown
from groklens.threads import one_thread


@one_thread()
def track(
    run: Given,
    measures: AnyMeasures,
    circuit: AnyCircuit | None = None,
    *,
    steps: Iterable[int] | int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Every measure at every kept step: a dataset over `step`, one variable a measure, with its attributes.

    `measures` are measures, their names, or the name of a tuple of them such as `"PROGRESS"`; one may come without
    a list. A snapshot is a run of one step, and a path the run that is there.

    Measures relative to a circuit use `circuit`, the same at every step; None finds it once, in the last
    snapshot. What cannot be taken of this run (no circuit, no group, no test inputs) is left out, and
    `attrs["left_out"]` says why; `attrs["circuit"]` records the circuit as JSON, empty for none. `progress`
    shows or hides the bar, which otherwise shows on a terminal and in a notebook.

    Raises `BadArgument` for no measures or no steps, `UnknownName` for a name that is no measure, and names
    run, step and measure when one fails or gives a number that is not finite.

    >>> table = track(run, measures.PROGRESS)  # doctest: +SKIP
    >>> table.restricted_loss.attrs["units"]  # doctest: +SKIP
    'nats'
    """
    run, wanted = as_run(run), chosen_measures(measures)
    if not wanted or not run.steps:
        raise BadArgument(
            "track needs at least one measure and one kept step; see groklens.measures.PROGRESS."
        )
    chosen = kept_steps(run, steps)
    last = run.at(chosen[-1])
    if circuit is not None:
        circuit = as_circuit(circuit, run.task)
    elif any("circuit" in m.about.needs for m in wanted):
        circuit = find_circuit(last)
    left_out = {m.__name__: lacking(m.about, last, circuit) for m in wanted}
    taken = [m for m in wanted if not left_out[m.__name__]]
    with progress_shown(progress):
        rows = [
            _row(run, step, taken, circuit, last if step == chosen[-1] else None)
            for step in each(chosen, "measuring step")
        ]
    variables = {m.__name__: _stack(m, [row[m.__name__] for row in rows]) for m in taken}
    attributes = {
        "run": str(getattr(run, "name", "")),
        "task": run.task.name,
        "circuit": "" if circuit is None else json.dumps(circuit.to_dict()),
        "left_out": json.dumps({name: lack for name, lack in left_out.items() if lack}),
    }
    steps_axis = ("step", chosen, {"long_name": "training step", "units": "updates"})
    table = xr.Dataset(variables, coords={"step": steps_axis}, attrs=attributes)
    if "component" in table.coords:
        cyclic = table["component"].dtype.kind in "iu"
        table["component"].attrs["long_name"] = "frequency" if cyclic else "irrep"
    return table


def _row(
    run: RunLike, step: int, measures: Sequence[Measure], circuit: Circuit | None, known: Snapshot | None
) -> dict[str, Any]:
    snapshot = known or run.at(step)
    return {m.__name__: _value(run, snapshot, step, m, circuit) for m in measures}


def _value(run: RunLike, snapshot: Snapshot, step: int, measure: Measure, circuit: Circuit | None) -> Any:
    where = f"{measure.__name__} at step {step} of {getattr(run, 'name', run.task.name)}"
    try:
        value = measure(snapshot, circuit)
    except UnknownName:
        raise
    except GroklensError as error:
        raise BadArgument(f"{where}: {error}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise BadArgument(f"{where} is {value}; the weights of that step may have diverged.")
    if isinstance(value, xr.DataArray) and value.dtype.kind == "f" and not np.isfinite(value).all():
        wrong = int((~np.isfinite(value)).sum())
        raise BadArgument(
            f"{where} has {wrong} values that are not finite; the weights of that step may have diverged."
        )
    return value


def _stack(measure: Measure, values: list[Any]) -> xr.DataArray:
    if isinstance(values[0], xr.DataArray):
        stacked = xr.concat(values, dim="step", join="outer")  # a step may lack some components
    else:
        stacked = xr.DataArray(np.array(values, dtype=np.float64), dims="step")
    return stacked.assign_attrs(measure.about.attributes())
