"""A table of measures as one that other programs read: wide where each measure has one value per step, else long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from groklens.measures.frame import frame

if TYPE_CHECKING:
    import pandas as pd


def tidy(table: xr.Dataset) -> pd.DataFrame:
    """The table of measures as a data frame: a column per measure and a row per step, or a row per labelled value.

    Where a measure is labelled, the columns are `step`, `measure`, the labels (`component`, `neuron`, …; missing where
    a measure has none) and `value`. What a step does not have is left out.

    >>> import groklens as gl
    >>> task = gl.ModularArithmetic(7)
    >>> list(tidy(gl.track(gl.Snapshot(gl.planted(task, [2]), task), ["loss"])).columns)
    ['step', 'loss']
    """
    if all(found.dims == ("step",) for found in table.data_vars.values()):
        return frame(table).reset_index()
    return frame(table, long=True)


def as_csv(table: xr.Dataset) -> str:
    """The table of measures as CSV text, with the columns that `tidy` gives."""
    return tidy(table).to_csv(index=False)
