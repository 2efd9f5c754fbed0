"""Small arithmetic that several measures use."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import ComponentName


def by_component(values: dict[ComponentName, float]) -> xr.DataArray:
    """Numbers by component as a labelled array (component)."""
    return xr.DataArray(list(values.values()), dims="component", coords={"component": list(values)})


def gini(values: Float[Tensor, "value"]) -> float:
    """Gini coefficient Σ_i (2i − n − 1) x_(i) / (n Σ x) of non-negative values: 0 all equal, → 1 a single one."""
    ordered = values.sort().values
    n = len(ordered)
    weights = 2 * torch.arange(1, n + 1, dtype=ordered.dtype) - n - 1
    return float((weights * ordered).sum() / (n * ordered.sum()).clamp_min(1e-300))
