"""Writing a table of measures as CSV: wide where each measure has one value per step, long where some are labelled."""

from __future__ import annotations

import xarray as xr

from groklens.measures.frame import frame


def as_csv(table: xr.Dataset) -> str:
    """The table as CSV text: one column per measure and one row per step, or one row per value for labelled measures.

    Then the columns are `step`, `measure`, the labels (`component`, `neuron`, …; empty where a measure has none)
    and `value`. What a step does not have is left out.
    """
    if all(found.dims == ("step",) for found in table.data_vars.values()):
        return frame(table).to_csv()
    return frame(table, long=True).to_csv(index=False)
