"""`tune`: estimates of a local learning coefficient over a small grid of step sizes and temperatures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import xarray as xr
from jaxtyping import Float

from groklens.measures.llc import LLC, learning_coefficient
from groklens.measures.llc_estimate import LLCEstimate
from groklens.runs import AnyRun

_GRID = ("epsilon", "n_beta")


def tune(
    snapshot: AnyRun,
    epsilons: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3),
    n_betas: tuple[float, ...] = (10.0, 30.0, 100.0, 300.0),
    llc: LLC | None = None,
) -> xr.Dataset:
    """Estimates over a small grid of step sizes and temperatures, with a proposal among those that are healthy.

    The table by `epsilon` and `n_beta` has `value` (missing where not healthy), `stderr`, `healthy`, `reasons` (why
    not, in words) and `change`: the largest difference from a healthy neighbour on the grid, as a share of the value;
    near 0 on a plateau, and missing where no neighbour is healthy. Its attributes `epsilon` and `n_beta` are the
    proposal: the healthy cell in which the larger of change and relative standard error is least, one with a
    neighbour before one without; empty for none. Over nβ a plateau is not to be had everywhere, for λ̂ is of a
    temperature: it rises towards that of the minimum itself as nβ grows beside γ (`theory`).

    >>> gl.measures.tune(run.final).attrs["epsilon"]  # doctest: +SKIP
    0.001
    """
    llc = llc or LLC()
    found = [
        [learning_coefficient(snapshot, replace(llc, epsilon=epsilon, n_beta=n_beta)) for n_beta in n_betas]
        for epsilon in epsilons
    ]
    value, stderr, healthy = (_grid(found, name) for name in ("value", "stderr", "healthy"))
    change = _changes(value)
    table = xr.Dataset(
        {
            "value": (_GRID, value, LLC.about.attributes()),
            "stderr": (_GRID, stderr),
            "healthy": (_GRID, healthy),
            "change": (_GRID, change),
            "reasons": (_GRID, [["; ".join(each.reasons) for each in row] for row in found]),
        },
        coords={"epsilon": list(epsilons), "n_beta": list(n_betas)},
        attrs={"epsilon": "", "n_beta": ""},
    )
    best = _proposed(value, stderr, change)
    if best is not None:
        table.attrs |= {"epsilon": epsilons[best[0]], "n_beta": n_betas[best[1]]}
    return table


def _grid(found: list[list[LLCEstimate]], quantity: str) -> Float[np.ndarray, "epsilon n_beta"]:
    return np.array([[float(each.array.sel(quantity=quantity)) for each in row] for row in found])


def _changes(value: Float[np.ndarray, "epsilon n_beta"]) -> Float[np.ndarray, "epsilon n_beta"]:
    """The largest relative difference of each cell from its neighbours, those that are missing left out."""
    padded = np.pad(value, 1, constant_values=math.nan)
    beside = np.stack([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
    shares = np.abs(beside - value) / np.abs(value)
    known = np.isfinite(shares)
    return np.where(known.any(axis=0), np.where(known, shares, 0.0).max(axis=0), math.nan)


def _proposed(value: np.ndarray, stderr: np.ndarray, change: np.ndarray) -> tuple[int, int] | None:
    error = np.where(np.isfinite(value), stderr / np.abs(value), math.inf)
    unsure = np.maximum(error, change)
    if not np.isfinite(unsure).any():  # no healthy cell has a healthy neighbour
        unsure = error
    unsure = np.where(np.isfinite(unsure), unsure, math.inf)
    if not np.isfinite(unsure).any():
        return None
    row, column = divmod(int(unsure.argmin()), value.shape[1])
    return row, column
