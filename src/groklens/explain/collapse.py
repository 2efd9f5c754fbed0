"""Whether a model that does not generalise at the last step did at one before, as one that learned and blew up."""

from __future__ import annotations

import xarray as xr

from groklens.evidence import ENOUGH, generalises, split_shows
from groklens.runs import Run


def generalised_before(run: Run, table: xr.Dataset) -> int | None:
    """The last kept step of a table at which the model generalised by the rules of the last one; None where none.

    It is looked for among steps with a test accuracy of at least 0.99, and judged as if it were explained up to there.
    """
    if "test_accuracy" not in table or run.task.reference is not None:
        return None
    enough = table["test_accuracy"].values >= ENOUGH
    known = [step for step in table["step"].values[enough].tolist() if step in run.steps]
    return next((step for step in reversed(known[-_TRIED:]) if _generalised(run, table, step)), None)


#: How many of the latest steps that may be it are looked at; models are built for each.
_TRIED = 3


def _generalised(run: Run, table: xr.Dataset, step: int) -> bool:
    snapshot = run.at(step)
    if generalises(snapshot).verdict != "supported":
        return False
    return split_shows(run, snapshot, table.sel(step=table["step"] <= step))
