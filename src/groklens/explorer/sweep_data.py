"""A sweep as the page shows it: a diagram of its axes, two at a time, and which runs stand at each of its places."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import xarray as xr

from groklens.explorer.as_script import figure_values, plain
from groklens.explorer.opened import OpenedSweep, said
from groklens.sweeps import over_seeds
from groklens.views import Figure, bare_title, phase_diagram

_SEED = "seed"


def sweep_values(sweep: OpenedSweep) -> dict[str, Any]:
    """The planes of a sweep: a diagram for every two of its axes besides the seeds, or a row of the only one.

    A sweep whose runs cannot be read comes with a note in place of its planes.
    """
    values: dict[str, Any] = {"id": sweep.id, "name": sweep.name, "planes": [], "note": sweep.note}
    if sweep.runs is None:
        return values
    try:
        events = sweep.runs.events()
        planes = [_plane(sweep, events, axes) for axes in _shown(list(map(str, events["delay"].dims)))]
    except Exception as error:  # whatever is in the files of others
        return {**values, "note": said(error)}
    return {**values, "planes": planes}


def _shown(axes: list[str]) -> list[tuple[str, ...]]:
    """Which axes are drawn together: every two besides the seeds, or the only one, be it that of the seeds."""
    others = [name for name in axes if name != _SEED] or axes
    return list(combinations(others, 2)) if len(others) > 1 else [tuple(others)]


def _plane(sweep: OpenedSweep, events: xr.Dataset, axes: tuple[str, ...]) -> dict[str, Any]:
    """One diagram, and the runs at each of its cells: those at every place of the other axes together."""
    together = [str(name) for name in events["delay"].dims if name not in axes]
    if not together:  # each run is one of its own
        events, together = events.expand_dims("run"), ["run"]
    table = over_seeds(events, seed=together)
    # Where no half of the runs generalised anywhere there is no delay, and a map of nothing is not drawn.
    colour = "delay" if bool(table["delay"].notnull().any()) else "phase"
    across, up = _directions(sweep, axes)
    diagram = phase_diagram(table, x=across, y=up, colour=colour)
    pooled = [bare_title(events[name]) for name in together if name not in (_SEED, "run")]
    note = f" Every square has the runs at every {' and every '.join(pooled)} together." if pooled else ""
    return {
        "name": plain(" × ".join(bare_title(events[name]) for name in reversed(axes))),
        "diagram": figure_values(diagram),
        "text": diagram.text + note,
        "cells": _cells(sweep, diagram, (across, up)),
    }


def _directions(sweep: OpenedSweep, axes: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The axes across and up; the only one lies across, or upwards where its places are called by words."""
    if len(axes) == 2:
        return axes[1], axes[0]
    labels = _labels(sweep)[axes[0]]
    return (None, axes[0]) if any(isinstance(each, str) for each in labels) else (axes[0], None)


def _labels(sweep: OpenedSweep) -> dict[str, tuple[Any, ...]]:
    assert sweep.runs is not None
    return {axis.name: axis.labels for axis in sweep.runs.axes}


def _cells(sweep: OpenedSweep, diagram: Figure, axes: tuple[str | None, str | None]) -> list[dict[str, Any]]:
    """The cells at which there are runs, by their coordinates in the diagram."""
    assert sweep.runs is not None
    labels, found = _labels(sweep), dict[tuple[int, int], list[str]]()
    for place, id in zip(sweep.runs.places, sweep.ids, strict=True):
        column, row = (0 if axis is None else labels[axis].index(place[axis]) for axis in axes)
        found.setdefault((column, row), []).append(id)
    drawn = diagram.plotly.data[0]
    return [{"x": drawn.x[column], "y": drawn.y[row], "runs": own} for (column, row), own in found.items()]
