"""A variable over training steps as a plotly trace, which variables share a panel, and on what scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.views.drawing.labels import drawn

if TYPE_CHECKING:
    import xarray as xr

    from groklens.views.drawing.axes import StepAxis

Panel = list["xr.DataArray"]

#: Largest over least of the losses that are drawn on a log scale: 1, 2, 5, 10, … have two of theirs within it.
_WORTH_A_LOG = 5
_DASHES = {"restricted": "dash", "excluded": "dot"}


def panels_of(variables: Sequence[xr.DataArray]) -> list[Panel]:
    """Groups of variables that can share an axis: those of the same units, losses apart from others."""
    panels: dict[tuple[Any, ...], Panel] = {}
    for each in variables:
        panels.setdefault((str(each.attrs.get("units")), _valid_range(each), _is_loss(each)), []).append(each)
    return list(panels.values())


def _is_loss(found: xr.DataArray) -> bool:
    return "loss" in str(found.name).split("_")


def _valid_range(found: xr.DataArray) -> tuple[float, ...]:
    ends = found.attrs.get("valid_range")
    return () if ends is None else tuple(float("nan" if end is None else end) for end in ends)


def curve(found: xr.DataArray, colour: str, steps: StepAxis) -> dict[str, Any]:
    """One variable over steps as a plotly trace."""
    kept = found["step"].values.tolist()
    dash = _DASHES.get(str(found.name).split("_")[0], "solid")
    name = drawn(str(found.attrs.get("long_name", found.name)))
    return {
        "x": [steps.at(step) for step in kept],
        "y": found.values.astype(float),
        "customdata": np.asarray(kept),
        "name": name,
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"size": 4.5},
        "hovertemplate": f"%{{y:.4g}} at step %{{customdata:,}}<extra>{name}</extra>",
    }


def scale(panel: Sequence[xr.DataArray]) -> dict[str, Any]:
    """The type of axis for these variables, which share a unit.

    Losses are on a log scale, unless the largest is less than five times the least: within so little of a decade one
    number would stand beside the axis. Others have their valid range as the axis where it is bounded, holds the data,
    and the largest number drawn is at least a tenth of its width: accuracy runs from 0 to 1 once it is .1 somewhere,
    and a measure that declares ±10⁹ but stays at 30 has an axis about 30. Otherwise the axis is that of the data, from
    0 where the data are not negative and come down to half of their largest.
    """
    values = np.concatenate([each.values.astype(float).ravel() for each in panel])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if _is_loss(panel[0]) and low >= 0 and (ratio := _ratio(values)) >= _WORTH_A_LOG:
        return {"type": "log", "dtick": "D2" if ratio < 10 else None, "nticks": 6}
    ends = _valid_range(panel[0])
    if len(ends) == 2 and _fills(low, high, ends):
        room = 0.04 * (ends[1] - ends[0])
        return {"range": [ends[0] - room, ends[1] + room]}
    return {"rangemode": "tozero" if 0 <= low <= high / 2 else "normal"}


def _fills(low: float, high: float, ends: tuple[float, ...]) -> bool:
    width = ends[1] - ends[0]
    holds = ends[0] - 1e-6 * width <= low and high <= ends[1] + 1e-6 * width
    return bool(np.isfinite(ends).all()) and holds and max(abs(low), abs(high)) >= 0.1 * width


def _ratio(values: np.ndarray) -> float:
    """The largest over the least of the positive values; 1 where there are none."""
    values = values[values > 0]
    return float(values.max() / values.min()) if len(values) else 1.0
