"""Building the labelled array (axis `component`) that measures of a component give."""

from __future__ import annotations

import xarray as xr

from groklens.harmonics import ComponentName


def by_component(values: dict[ComponentName, float]) -> xr.DataArray:
    """Numbers, one per component, as a labelled array (component)."""
    return xr.DataArray(list(values.values()), dims="component", coords={"component": list(values)})
