"""Tables of seeds along one axis, and their mean and its error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, described


def sweep_table(
    along: tuple[str, Sequence[float] | Any, str],
    seeds: Sequence[int],
    variables: Mapping[str, tuple[Any, str, str]],
) -> xr.Dataset:
    """A table seed × axis of what was measured along one axis with several seeds, as `gl.views.sweep` draws it.

    `along` is the axis' name, its values and what it is called; each variable is its numbers (seed × axis, or along
    the axis alone), what it is called and its units. Raises `BadArgument` for numbers of another shape.

    >>> errors = ([[3, 1], [2, 1]], "test error", "share")
    >>> table = sweep_table(("width", [8, 16], "hidden width"), [0, 1], {"test": errors})
    >>> table["test"].mean("seed").values.tolist()
    [2.5, 1.0]
    """
    name, values, long_name = along
    table = xr.Dataset(coords={"seed": list(seeds), name: np.asarray(values, dtype=float)})
    table[name].attrs["long_name"] = long_name
    whole = (table.sizes["seed"], table.sizes[name])
    for variable, (given, called, units) in variables.items():
        numbers = np.asarray(given, dtype=float)
        if numbers.shape not in (whole, whole[1:]):
            raise BadArgument(
                f"{variable} has shape {numbers.shape}; give a number for each of {whole[0]} seeds and {whole[1]} "
                f"places of {name}, {whole}, or along {name} alone."
            )
        table[variable] = (("seed", name) if numbers.ndim == 2 else (name,), numbers)
        table[variable].attrs = {"long_name": called, "units": units}
    return table


def sweep_rows(
    along: tuple[str, Sequence[float] | Any, str],
    seeds: Sequence[int],
    rows: Sequence[Sequence[Mapping[str, float]]],
    called: Mapping[str, tuple[str, str]],
) -> xr.Dataset:
    """A table seed × axis, as `sweep_table` makes it, of what was measured at each place of each seed.

    `rows` has a row for each seed, and in it, for each place of the axis, numbers by name; `called` says what each is
    called and its units.

    >>> rows = [[{"test": 3}, {"test": 1}], [{"test": 2}, {"test": 1}]]
    >>> sweep_rows(("width", [8, 16], "width"), [0, 1], rows, {"test": ("test error", "share")})["test"].shape
    (2, 2)
    """
    found = {name: [[place[name] for place in row] for row in rows] for name in called}
    return sweep_table(along, seeds, {name: (found[name], *words) for name, words in called.items()})


def mean_and_error(values: xr.DataArray, over: str = "seed") -> tuple[np.ndarray, np.ndarray]:
    """The mean over seeds, or another axis, and its standard error: the standard deviation (n − 1) over √n.

    Raises `BadArgument` where there is no such axis; with one seed the error is nan.

    >>> table = sweep_table(("width", [8, 16], "width"), [0, 1], {"test": ([[3, 1], [1, 1]], "test error", "share")})
    >>> [part.tolist() for part in mean_and_error(table["test"])]
    [[2.0, 1.0], [1.0, 0.0]]
    """
    if not isinstance(values, xr.DataArray) or over not in values.dims:
        axes = ", ".join(map(str, values.dims)) if isinstance(values, xr.DataArray) else described(values)
        raise BadArgument(
            f"The mean is taken over {over!r}, and there is {axes}; give a variable of a table."
        )
    count = values.sizes[over]
    if count == 1:
        return values.mean(over).values, np.full_like(values.mean(over).values, np.nan)
    return values.mean(over).values, values.std(over, ddof=1).values / np.sqrt(count)
