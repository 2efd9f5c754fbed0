"""Where captured steps go, one at a time: into memory, or into a zarr folder when they are larger than it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, GroklensError
from groklens.models.protocol import rows_within

_CHUNK_BYTES = 32 * 2**20


@runtime_checkable
class Store(Protocol):
    """Takes datasets of one step each, alike but for their numbers, and gives them back as one."""

    def append(self, frame: xr.Dataset) -> None:
        """Add a step behind those that are there."""

    def open(self) -> xr.Dataset:
        """Everything appended, along `step`."""


class MemoryStore:
    """Arrays for `n_steps`, allocated at the first; `BadArgument` where there is no room for them."""

    def __init__(self, n_steps: int) -> None:
        self._n_steps = n_steps
        self._first = xr.Dataset()
        self._steps: list[int] = []
        self._arrays: dict[Any, np.ndarray] = {}

    def append(self, frame: xr.Dataset) -> None:
        """Copy the numbers of one step."""
        if not self._steps:
            self._first = frame
            self._arrays = {name: self._room(variable) for name, variable in frame.data_vars.items()}
        for name, array in self._arrays.items():
            array[len(self._steps)] = frame[name].values[0]
        self._steps.append(int(frame.step[0]))

    def open(self) -> xr.Dataset:
        """The dataset, without another copy."""
        first = self._first
        variables = {
            name: xr.Variable(first[name].dims, array, first[name].attrs)
            for name, array in self._arrays.items()
        }
        coordinates = {name: value for name, value in first.coords.items() if name != "step"}
        coordinates["step"] = xr.DataArray(self._steps, dims="step", attrs=first.step.attrs)
        return xr.Dataset(variables, coordinates, first.attrs)

    def _room(self, variable: xr.DataArray) -> np.ndarray:
        try:
            return np.empty((self._n_steps, *variable.shape[1:]), variable.dtype)
        except MemoryError as error:
            raise BadArgument(
                f"{variable.name} takes {self._n_steps * variable.nbytes / 2**30:.1f} GiB, more than fits: "
                "select with pos= or steps=, keep a statistic with reduce=, or write it with "
                'into="x.zarr".'
            ) from error


class ZarrStore:
    """A zarr folder that grows along `step`; the steps written stay readable if the writing ends early.

    Raises `BadArgument` when zarr is not installed or `path` exists already.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._names: list[Any] = []
        if importlib.util.find_spec("zarr") is None:
            raise BadArgument(
                f'into={str(path)!r} writes with zarr, which is not installed: pip install "groklens[zarr]".'
            )
        if self.path.exists():
            raise BadArgument(
                f"{self.path} exists; delete it, give another name, or open it with "
                f"xarray.open_zarr({str(self.path)!r}, consolidated=False)."
            )

    def append(self, frame: xr.Dataset) -> None:
        """Write one step."""
        try:
            if not self._names:
                frame.to_zarr(self.path, mode="w-", encoding=_chunks(frame), consolidated=False)
                self._names = list(frame.data_vars)
            else:
                constant = [name for name in frame.variables if "step" not in frame[name].dims]
                frame.drop_vars(constant).to_zarr(self.path, append_dim="step", consolidated=False)
        except OSError as error:
            raise GroklensError(
                f"Could not write step {int(frame.step[0])} to {self.path}: {error.strerror or error}. The "
                "steps before it are whole. Make room, delete the store and capture again, or fewer steps."
            ) from error

    def open(self) -> xr.Dataset:
        """The dataset on disk, read when it is used."""
        return xr.open_zarr(self.path, chunks=None, consolidated=False)[self._names]


def _chunks(frame: xr.Dataset) -> dict[Any, dict[str, Any]]:
    chunks: dict[Any, dict[str, Any]] = {"step": {"chunks": (1024,)}}
    for name, variable in frame.data_vars.items():
        shape = variable.shape[1:]
        if shape:  # a chunk is at most one step, and a part of its first axis where that is much
            rows = rows_within(shape[0], variable.nbytes // shape[0], _CHUNK_BYTES)
            chunks[name] = {"chunks": (1, rows, *shape[1:])}
    return chunks
