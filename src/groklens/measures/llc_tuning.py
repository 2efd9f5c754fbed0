"""`tune`: estimates of a local learning coefficient over a small grid of step sizes and temperatures."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import xarray as xr

from groklens.measures.llc import LLC, learning_coefficient
from groklens.runs import AnyRun


def tune(
    snapshot: AnyRun,
    epsilons: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3),
    n_betas: tuple[float, ...] = (10.0, 30.0, 100.0, 300.0),
    llc: LLC | None = None,
) -> xr.Dataset:
    """Estimates over a small grid of step sizes and temperatures, with a proposal among those that are healthy.

    The table by `epsilon` and `n_beta` has `value` (missing where not healthy), `stderr` and `healthy`; its attributes
    `epsilon` and `n_beta` are the proposal: the healthy cell with the least relative standard error, empty for none.

    >>> gl.measures.tune(run.final).attrs["epsilon"]  # doctest: +SKIP
    0.001
    """
    llc = llc or LLC()
    shape, names = (len(epsilons), len(n_betas)), ("value", "stderr", "healthy")
    found = {name: torch.full(shape, math.nan, dtype=torch.float64) for name in names}
    for row, epsilon in enumerate(epsilons):
        for column, n_beta in enumerate(n_betas):
            array = learning_coefficient(snapshot, replace(llc, epsilon=epsilon, n_beta=n_beta)).array
            for name in names:
                found[name][row, column] = float(array.sel(quantity=name))
    table = xr.Dataset(
        {name: (("epsilon", "n_beta"), values.numpy()) for name, values in found.items()},
        coords={"epsilon": list(epsilons), "n_beta": list(n_betas)},
        attrs={"epsilon": "", "n_beta": ""},
    )
    table["value"].attrs = LLC.about.attributes()
    error = (found["stderr"] / found["value"].abs()).nan_to_num(math.inf)
    if bool(error.isfinite().any()):
        row, column = divmod(int(error.argmin()), shape[1])
        table.attrs |= {"epsilon": epsilons[row], "n_beta": n_betas[column]}
    return table
