"""Numbers by component, as the labelled array that measures give."""

from __future__ import annotations

import xarray as xr

from groklens.harmonics import ComponentName


def by_component(values: dict[ComponentName, float]) -> xr.DataArray:
    """Numbers by component as a labelled array (component)."""
    return xr.DataArray(list(values.values()), dims="component", coords={"component": list(values)})
