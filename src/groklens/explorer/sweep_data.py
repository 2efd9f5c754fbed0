"""A sweep as the page shows it: its phase diagram, and which runs stand at each of its places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groklens.explorer.as_script import figure_values, plain
from groklens.explorer.opened import said
from groklens.sweeps import SweepRuns, over_seeds
from groklens.views import Figure, phase_diagram


def sweep_values(id: str, runs: SweepRuns, ids: Sequence[str]) -> dict[str, Any]:
    """The diagram of a sweep over two axes and seeds, and the runs at each of its cells; `ids` are in their order.

    A sweep of other axes, or one whose runs cannot be read, comes with a note in place of its diagram.
    """
    values: dict[str, Any] = {"id": id, "name": plain(runs.path.name), "diagram": None, "cells": []}
    try:
        table = over_seeds(runs.events())
        # Where no half of the seeds generalised anywhere there is no delay, and a map of nothing is not drawn.
        delayed = bool(table["delay"].notnull().any())
        diagram = phase_diagram(table, colour="delay" if delayed else "phase")
    except Exception as error:  # whatever is in the files of others
        return {**values, "note": said(error)}
    up, across = map(str, table["delay"].dims)  # as the view draws them
    cells = _cells(runs, ids, diagram, (across, up))
    return {**values, "diagram": figure_values(diagram), "cells": cells, "note": None}


def _cells(
    runs: SweepRuns, ids: Sequence[str], diagram: Figure, axes: tuple[str, str]
) -> list[dict[str, Any]]:
    """The cells at which there are runs, by their coordinates in the diagram."""
    labels = {axis.name: axis.labels for axis in runs.axes}
    found: dict[tuple[int, int], list[str]] = {}
    for place, id in zip(runs.places, ids, strict=True):
        column, row = (labels[axis].index(place[axis]) for axis in axes)
        found.setdefault((column, row), []).append(id)
    drawn = diagram.plotly.data[0]
    return [
        {"trace": 0, "x": drawn.x[column], "y": drawn.y[row], "runs": own}
        for (column, row), own in found.items()
    ]
