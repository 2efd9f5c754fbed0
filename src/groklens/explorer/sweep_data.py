"""A sweep as the page shows it: its phase diagram, and which runs stand at each of its places."""

from __future__ import annotations

from typing import Any

from groklens.explorer.as_script import figure_values
from groklens.explorer.opened import OpenedSweep, said
from groklens.sweeps import over_seeds
from groklens.views import Figure, phase_diagram


def sweep_values(sweep: OpenedSweep) -> dict[str, Any]:
    """The diagram of a sweep over two axes and seeds, and the runs at each of its cells.

    A sweep of other axes, or one whose runs cannot be read, comes with a note in place of its diagram.
    """
    values: dict[str, Any] = {"id": sweep.id, "name": sweep.name, "diagram": None, "cells": []}
    if sweep.runs is None:
        return {**values, "note": sweep.note}
    try:
        table = over_seeds(sweep.runs.events())
        # Where no half of the seeds generalised anywhere there is no delay, and a map of nothing is not drawn.
        delayed = bool(table["delay"].notnull().any())
        diagram = phase_diagram(table, colour="delay" if delayed else "phase")
    except Exception as error:  # whatever is in the files of others
        return {**values, "note": said(error)}
    up, across = map(str, table["delay"].dims)  # as the view draws them
    cells = _cells(sweep, diagram, (across, up))
    return {**values, "diagram": figure_values(diagram), "cells": cells, "note": None}


def _cells(sweep: OpenedSweep, diagram: Figure, axes: tuple[str, str]) -> list[dict[str, Any]]:
    """The cells at which there are runs, by their coordinates in the diagram."""
    assert sweep.runs is not None
    labels = {axis.name: axis.labels for axis in sweep.runs.axes}
    found: dict[tuple[int, int], list[str]] = {}
    for place, id in zip(sweep.runs.places, sweep.ids, strict=True):
        column, row = (labels[axis].index(place[axis]) for axis in axes)
        found.setdefault((column, row), []).append(id)
    drawn = diagram.plotly.data[0]
    return [
        {"trace": 0, "x": drawn.x[column], "y": drawn.y[row], "runs": own}
        for (column, row), own in found.items()
    ]
