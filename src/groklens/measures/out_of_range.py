"""Numbers of a measure that are outside the range which it declares: the number or the range is not what was meant."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

#: Rounding that is forgiven at an end of a range: of single precision, relative to what is larger of the end and 1.
_ROUNDING = 1e-5


def warn_outside(name: str, found: xr.DataArray, stacklevel: int = 1) -> None:
    """Warn of values over `step` outside the `valid_range` among their attributes: how many, the furthest, and when."""
    if found.dtype.kind not in "biuf":  # names of what was found have no range
        return
    low, high = (float(end) for end in found.attrs["valid_range"])
    values = np.asarray(found.values, dtype=float)
    beyond = np.fmax(_past(-values, -low), _past(values, high))
    outside = beyond > 0  # a missing value is not
    if not outside.any():
        return
    worst = np.unravel_index(np.nanargmax(beyond), beyond.shape)
    step = int(found["step"].values[worst[found.dims.index("step")]])
    count = int(outside.sum())
    warnings.warn(
        f"{name} gave {count:,} value{'s' * (count > 1)} outside its valid_range ({low:g} to {high:g}), the furthest "
        f"{values[worst]:.6g} at step {step:,}: correct the measure, or declare the range that its numbers can have.",
        stacklevel=stacklevel + 1,
    )


def _past(values: np.ndarray, end: float) -> np.ndarray:
    """How far values are past the upper end, beyond rounding; nan where they are not, and without an end."""
    past = values - end if np.isfinite(end) else np.full_like(values, np.nan)
    return np.where(past > _ROUNDING * max(1.0, abs(end)), past, np.nan)
