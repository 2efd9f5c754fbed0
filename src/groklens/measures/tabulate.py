"""Measures over the kept steps of a run as one labelled table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, GroklensError, UnknownName
from groklens.hypotheses import Circuit
from groklens.measures.family import Family
from groklens.measures.measure import Measure, lacking
from groklens.progress import each
from groklens.runs import Run
from groklens.snapshots import Snapshot


def tabulate(
    run: Run,
    measures: Sequence[Measure],
    circuit: Circuit | None,
    steps: Sequence[int],
    at_hand: Mapping[Any, Snapshot] | None = None,
) -> xr.Dataset:
    """Measures at some kept steps of a run, as in `track`, relative to a given circuit or to none.

    `at_hand` are snapshots by step that need not be read from the run again.
    Raises `BadArgument` for no measures, and names run, step and measure when one fails or gives a number that is not
    finite.
    """
    if not measures:
        raise BadArgument(
            "track needs at least one measure and one kept step; see groklens.measures.PROGRESS."
        )
    at_hand = at_hand or {}
    measures = [each.in_run(run) if isinstance(each, Family) else each for each in measures]
    last = at_hand.get(steps[-1]) or run.at(steps[-1])
    left_out = {m.__name__: lacking(m.about, last, circuit) for m in measures}
    taken = [m for m in measures if not left_out[m.__name__]]
    at_hand = {**at_hand, steps[-1]: last}
    rows = [_row(run, step, taken, circuit, at_hand.get(step)) for step in each(steps, "measuring step")]
    variables = {m.__name__: _stack(m, [row[m.__name__] for row in rows]) for m in taken}
    attributes = {
        "run": run.name,
        "task": run.task.name,
        "circuit": "" if circuit is None else json.dumps(circuit.to_dict()),
        "left_out": json.dumps({name: lack for name, lack in left_out.items() if lack}),
    }
    steps_axis = ("step", list(steps), {"long_name": "training step", "units": "updates"})
    table = xr.Dataset(variables, coords={"step": steps_axis}, attrs=attributes)
    if "component" in table.coords:
        cyclic = table["component"].dtype.kind in "iu"
        table["component"].attrs["long_name"] = "frequency" if cyclic else "irrep"
    return table


def _row(
    run: Run, step: int, measures: Sequence[Measure], circuit: Circuit | None, known: Snapshot | None
) -> dict[str, Any]:
    snapshot = known or run.at(step)
    return {m.__name__: _value(run, snapshot, step, m, circuit) for m in measures}


def _value(run: Run, snapshot: Snapshot, step: int, measure: Measure, circuit: Circuit | None) -> Any:
    where = f"{measure.__name__} at step {step} of {run.name}"
    try:
        value = measure(snapshot, circuit)
    except UnknownName:
        raise
    except GroklensError as error:
        raise BadArgument(f"{where}: {error}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise BadArgument(f"{where} is {value}; the weights of that step may have diverged.")
    if getattr(measure, "may_be_missing", False):
        return value
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
