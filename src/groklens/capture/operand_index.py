"""`OperandIndex`: choosing captured inputs by their operands' tokens, `acts.sel(a=3, b=5)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, UnknownName


def by_operands(acts: xr.Dataset) -> xr.Dataset:
    """The captured activations with inputs that can be chosen by operand and label; unchanged where inputs are gone."""
    names = [name for name, found in acts.coords.items() if found.dims == ("input",) and name != "input"]
    return acts.set_xindex(names, OperandIndex) if names else acts


class OperandIndex(xr.Index):
    """An index over the coordinates of one axis, such as the operands and labels of inputs, which need not differ.

    `acts.sel(a=3)` has all inputs whose first operand is 3, `acts.sel(a=3, b=5)` the one input of a whole table.
    """

    def __init__(self, columns: Mapping[Any, xr.Variable]) -> None:
        self._columns = dict(columns)
        (self._dim,) = {variable.dims[0] for variable in columns.values()}

    @classmethod
    def from_variables(
        cls, variables: Mapping[Any, xr.Variable], *, options: Mapping[str, Any]
    ) -> OperandIndex:
        """The index over these coordinates."""
        return cls(variables)

    def create_variables(self, variables: Mapping[Any, xr.Variable] | None = None) -> dict[Any, xr.Variable]:
        """The coordinates as they are."""
        return dict(self._columns)

    def sel(self, labels: dict[Any, Any], **options: Any) -> xr.IndexSelResult:
        """The inputs whose coordinates are these; where one number is asked of each and one input has them, that one.

        Raises `UnknownName` where no input has them, `BadArgument` for a method that looks for the nearest.
        """
        if options.get("method") is not None or options.get("tolerance") is not None:
            raise BadArgument(
                "Operands are chosen exactly, a token or a list of them: acts.sel(a=3, b=[4, 5])."
            )
        chosen = np.ones(len(next(iter(self._columns.values()))), dtype=bool)
        for name, wanted in labels.items():
            chosen &= np.isin(self._columns[name].values, np.asarray(wanted))
        places = np.flatnonzero(chosen)
        if not len(places):
            asked = ", ".join(f"{name}={value}" for name, value in labels.items())
            raise UnknownName(f"No input has {asked}.")
        single = len(places) == 1 and all(np.ndim(value) == 0 for value in labels.values())
        return xr.IndexSelResult({self._dim: int(places[0]) if single else places})

    def isel(self, indexers: Mapping[Any, Any]) -> OperandIndex | None:
        """The index of some of the inputs; none where one input is left."""
        at = indexers.get(self._dim, slice(None))
        if np.ndim(at) == 0 and not isinstance(at, slice):
            return None
        return OperandIndex(
            {name: variable.isel({self._dim: at}) for name, variable in self._columns.items()}
        )

    def equals(self, other: xr.Index, **options: Any) -> bool:
        """Whether another index has the same coordinates."""
        return isinstance(other, OperandIndex) and all(
            name in other._columns and variable.equals(other._columns[name])
            for name, variable in self._columns.items()
        )
