"""Writing a table of measures as CSV: wide where each measure has one value per step, long where some are labelled."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

import xarray as xr


def as_csv(table: xr.Dataset) -> str:
    """The table as CSV text: one column per measure and one row per step, or one row per value for labelled measures.

    Then the columns are `step`, `measure`, the labels (`component`, `neuron`, …; empty where a measure has none)
    and `value`. What a step does not have is left out.
    """
    if all(found.dims == ("step",) for found in table.data_vars.values()):
        return table.to_dataframe().to_csv()
    labels = dict.fromkeys(
        str(dim) for found in table.data_vars.values() for dim in found.dims if dim != "step"
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, ["step", "measure", *labels, "value"], lineterminator="\n")
    writer.writeheader()
    for name in table.data_vars:
        writer.writerows(_lines(str(name), table[name]))
    return text.getvalue()


def _lines(name: str, found: xr.DataArray) -> Iterator[dict[str, Any]]:
    """Every value of one measure with its labels."""
    kept = [*map(str, found.dims), "value"]
    for record in found.rename("value").to_dataframe().reset_index().to_dict("records"):
        if record["value"] is not None and not (
            isinstance(record["value"], float) and math.isnan(record["value"])
        ):
            yield {"measure": name, **{str(key): record[key] for key in kept}}
