"""`gl.track`: measures at the kept steps of a run, relative to the circuit that its last step shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from groklens.errors import BadArgument
from groklens.evidence.search import find_circuit
from groklens.hypotheses import AnyCircuit, as_circuit
from groklens.measures import PROGRESS, AnyMeasures, chosen_measures, tabulate
from groklens.progress import progress_shown
from groklens.runs import AnyRun, as_run, kept_steps
from groklens.threads import one_thread


@one_thread()
def track(
    run: AnyRun,
    measures: AnyMeasures,
    circuit: AnyCircuit | None = None,
    *,
    steps: Iterable[int] | int | None = None,
    into: str | Path | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Every measure at every kept step as a dataset over `step`, one variable per measure, with its attributes.

    `measures` are measures, their names, or the name of a tuple of them such as `"PROGRESS"`; one may come without
    a list. A snapshot is a run of one step, and a path the run that is there.

    Measures relative to a circuit use `circuit`, the same at every step; None finds it once, in the last
    snapshot. What cannot be taken of this run (no circuit, no group, no test inputs) is left out, and
    `attrs["left_out"]` says why; `attrs["circuit"]` records the circuit as JSON, empty for none. `progress`
    shows or hides the bar, which otherwise shows on a terminal and in a notebook.

    `into` is a folder that keeps each row from when it is taken: a call that ended early, or one with more steps, goes
    on with the rows that are missing. A step that cannot be read or measured, as after a download that broke, is left
    out there and said (`attrs["failed"]`, and a warning); the same call tries it again. One model is in memory at a
    time, but for the last where a circuit is found in it; of `PROGRESS` and its parts two rows are taken at a time
    where the models are transformers from disk and all logits of one take no more than half a GB.

    Warns of values outside the `valid_range` that their measure declares. Raises `BadArgument` for no measures or no
    steps, or a folder of another table, `UnknownName` for a name that is no measure, and names run, step and measure
    when one fails or gives a number that is not finite.

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
    at_hand = {}
    if circuit is not None:
        circuit = as_circuit(circuit, run.task)
    elif any("circuit" in each.about.needs for each in wanted):
        at_hand[chosen[-1]] = run.at(chosen[-1])
        circuit = find_circuit(at_hand[chosen[-1]])
    with progress_shown(progress):
        beside = all(each in PROGRESS for each in wanted)
        return tabulate(run, wanted, circuit, chosen, at_hand, into, beside)
