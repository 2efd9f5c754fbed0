"""Numbers of several seeds along one axis, as a table that `gl.views.sweep` draws and `result.json` keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr


def sweep_table(
    along: tuple[str, Sequence[float], str],
    seeds: Sequence[int],
    variables: Mapping[str, tuple[Any, str, str]],
) -> xr.Dataset:
    """A table seed × axis.

    `along` is the axis' name, its values and what it is called; each variable is its values (seed × axis, or
    axis alone), what it is called and its units.
    """
    name, values, long_name = along
    table = xr.Dataset(coords={"seed": list(seeds), name: np.asarray(values, dtype=float)})
    table[name].attrs["long_name"] = long_name
    for variable, (numbers, called, units) in variables.items():
        numbers = np.asarray(numbers, dtype=float)
        table[variable] = (("seed", name) if numbers.ndim == 2 else (name,), numbers)
        table[variable].attrs = {"long_name": called, "units": units}
    return table


def mean_and_error(values: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over seeds, and its standard error."""
    count = values.sizes["seed"]
    return values.mean("seed").values, values.std("seed", ddof=1).values / np.sqrt(count)
