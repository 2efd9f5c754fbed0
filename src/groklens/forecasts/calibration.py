"""Whether what is forecast with a chance of 30 % happens in 30 % of the runs that it was not fitted on."""

from __future__ import annotations

import numpy as np
import xarray as xr

from groklens.errors import whole_number
from groklens.theory import wilson


def calibration(chance: np.ndarray, changes: np.ndarray, bins: int = 5) -> xr.Dataset:
    """The share of runs that changed beside the chance that was forecast, runs in equal numbers to a bin (bin).

    `forecast` is the mean chance of a bin's runs and `observed` the share of them that changed: equal where forecasts
    are calibrated; observed below forecast where they promise too much. `low` and `high` are a 95 % interval of the
    share (Wilson 1927), `runs` how many there are. Fewer bins where there are fewer than `bins` runs.

    >>> calibration(np.array([0.1, 0.9]), np.array([False, True]), bins=2)["observed"].values.tolist()
    [0.0, 1.0]
    """
    chance, changes = np.asarray(chance, dtype=float), np.asarray(changes, dtype=bool)
    order = np.argsort(chance, kind="stable")
    parts = [each for each in np.array_split(order, whole_number("bins", bins, 1, such_as=5)) if len(each)]
    n = np.array([len(each) for each in parts], dtype=float)
    share = np.array([changes[each].mean() for each in parts])
    low, high = wilson(share * n, n)
    table = xr.Dataset(
        {
            "forecast": ("bin", np.array([chance[each].mean() for each in parts])),
            "observed": ("bin", share),
            "low": ("bin", low),
            "high": ("bin", high),
            "runs": ("bin", n.astype(int)),
        }
    )
    table["forecast"].attrs = {"long_name": "chance that was forecast", "units": "probability"}
    table["observed"].attrs = {"long_name": "runs that changed", "units": "share of runs"}
    table.attrs["brier"] = float(((chance - changes) ** 2).mean()) if len(chance) else float("nan")
    return table
