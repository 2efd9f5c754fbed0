"""The steps at which a run came to answer its test inputs: there it shows whether it had been trained on them."""

from __future__ import annotations

import math
from contextlib import suppress

import xarray as xr

from groklens.errors import DamagedRun
from groklens.evidence.mostly_known import most_are_known
from groklens.evidence.split_fits import ENOUGH
from groklens.evidence.warm_start import warm_start
from groklens.runs import Run
from groklens.snapshots import Snapshot, scores

#: Steps, evenly among those, that are looked at before the last of them.
LOOKS = 10


def coming_to_know(run: Run, final: Snapshot, table: xr.Dataset) -> list[Snapshot]:
    """A run from the first step at which most test inputs are known to the first at which enough are, at a few.

    Of a run that begins with test inputs answered (`warm_start`) it is the first alone, and where none is known but the
    model that is judged, that one. What a run shows later says nothing of how its test inputs were learned: a model
    that was trained on all inputs until then shows any split that it is trained on afterwards.
    """
    run = run.origin
    first = warm_start(run, final)
    if first is not None:
        return [run.at(first)]
    by_step = _test_accuracy(run, table, [step for step in run.steps if step < (final.step or 0)])
    steps, accuracy = list(by_step), list(by_step.values())
    known = next((at for at, share in enumerate(accuracy) if share >= ENOUGH), len(steps))
    first_known = (at for at in range(known) if most_are_known(final, accuracy[at]))
    between = steps[next(first_known, known) : known]
    found = [run.at(step) for step in between[:: max(1, math.ceil(len(between) / LOOKS))]]
    return [*found, run.at(steps[known]) if known < len(steps) else final]


def _test_accuracy(run: Run, table: xr.Dataset, steps: list[int]) -> dict[int, float]:
    """Test accuracy at kept steps: of the table, what training recorded beside it, and else of a few looked at here."""
    rows = [table]
    with suppress(DamagedRun):  # what is in the table needs no history
        rows.insert(0, run.history)
    found: dict[int, float] = {}
    for each in rows:
        if "test_accuracy" in each:
            found |= zip(each["step"].values.tolist(), each["test_accuracy"].values.tolist(), strict=True)
    unknown = [step for step in steps if math.isnan(found.get(step, math.nan))]
    for step in unknown[:: max(1, math.ceil(len(unknown) / LOOKS))]:
        found[step] = scores(run.at(step), "test").accuracy
    return {step: found[step] for step in steps if not math.isnan(found.get(step, math.nan))}
