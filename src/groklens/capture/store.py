"""Where `capture` puts each captured step: arrays in memory, or a zarr folder for results larger than memory."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import threading
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from groklens.capture.lengths import Lengths, copy_row, move_row
from groklens.errors import BadArgument, GroklensError
from groklens.memory import BUDGETS, rows_within
from groklens.runs import check_result

_STEPS_A_CHUNK = 1024
_STEP_CHUNKS = {"chunks": (_STEPS_A_CHUNK,)}
_WAITING = threading.Lock()


@runtime_checkable
class Store(Protocol):
    """A place that takes datasets of one step each and gives them back joined along `step`."""

    def append(self, frame: xr.Dataset) -> None:
        """Add a step behind those already stored."""

    def open(self) -> xr.Dataset:
        """Everything appended so far, joined along `step`."""

    def close(self) -> None:
        """End the writing, whether it is complete or not."""


class MemoryStore:
    """A store in memory: arrays for `n_steps`, allocated at the first step; `BadArgument` where they do not fit."""

    def __init__(self, n_steps: int) -> None:
        self._n_steps = n_steps
        self._first = xr.Dataset()
        self._steps: list[int] = []
        self._arrays: dict[Any, np.ndarray] = {}

    def append(self, frame: xr.Dataset) -> None:
        """Copy the numbers of one step into the arrays."""
        if not self._steps:
            self._first = frame
            self._arrays = {name: self._room(variable) for name, variable in frame.data_vars.items()}
        for name, array in self._arrays.items():
            array[len(self._steps)] = frame[name].values[0]
        self._steps.append(int(frame.step[0]))

    def open(self) -> xr.Dataset:
        """The dataset of everything appended, over the arrays themselves."""
        first = self._first
        variables = {
            name: xr.Variable(first[name].dims, array, first[name].attrs)
            for name, array in self._arrays.items()
        }
        coordinates = {name: value for name, value in first.coords.items() if name != "step"}
        coordinates["step"] = xr.DataArray(self._steps, dims="step", attrs=first.step.attrs)
        return xr.Dataset(variables, coordinates, first.attrs)

    def close(self) -> None:
        """Nothing: memory is let go with the store."""

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
    """A store in a zarr folder that grows along `step` and shows whole steps only, at whatever moment it is opened.

    `xarray.open_zarr(path, consolidated=False)` gives the steps written so far: while the writing goes on, after an
    error such as a full disk, and after the process was killed between any two writes (after a power cut, what the
    file system kept). There is no folder before the first step is whole. A step's numbers are written beside the
    arrays and moved into them; then the lengths of all arrays change at once, by one link that is replaced. Where the
    file system has no links (Windows without that right), lengths change one file after another: an error is undone
    there too, a kill between two of them is not.

    Raises `BadArgument` when zarr is not installed or `path` exists already.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._kinds: dict[str, np.dtype] = {}
        self._steps: list[int] = []
        self._ready = False  # where a step is written before it belongs to the store
        self._lengths: Lengths | None = None
        if importlib.util.find_spec("zarr") is None:
            raise BadArgument(
                f'into={str(path)!r} writes with zarr, which is not installed: pip install "groklens[zarr]".'
            )
        check_result(self.path)
        if os.path.lexists(self.path):
            raise BadArgument(
                f"{self.path} exists; give another name, or, where it is such a store, open it with "
                f"xarray.open_zarr({str(self.path)!r}, consolidated=False)."
            )

    def append(self, frame: xr.Dataset) -> None:
        """Write one step; after an `OSError` the store holds the steps before it and nothing of this one."""
        step = int(frame.step[0])
        try:
            if self._lengths is None:
                self._begin(frame)
            else:
                self._add(frame, self._lengths)
        except OSError as error:
            raise GroklensError(
                f"Could not write step {step} to {self.path}: {error.strerror or error}. The "
                "steps before it are whole. Make room, delete the store and capture again, or fewer steps."
            ) from error
        self._steps.append(step)

    def open(self) -> xr.Dataset:
        """The dataset on disk, read when it is used."""
        self.close()
        return xr.open_zarr(self.path, chunks=None, consolidated=False)[list(self._kinds)]

    def close(self) -> None:
        """Make the folder a plain zarr store. On a full disk its links stay, and readers open it all the same."""
        if self._lengths is not None:
            shutil.rmtree(self._beside, ignore_errors=True)
            with contextlib.suppress(OSError):
                self._lengths.settle()

    @property
    def _beside(self) -> Path:
        """Folder where a step is written before it joins the store: inside the array of steps, unseen by readers."""
        return self.path / "step" / ".incoming"

    def _begin(self, frame: xr.Dataset) -> None:
        beside = self.path.with_name(f".{self.path.name}.begun")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            _write(frame, beside, mode="w-", encoding=_chunks(frame))
            os.rename(beside, self.path)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        self._kinds = {str(name): variable.dtype for name, variable in frame.data_vars.items()}
        self._lengths = Lengths(self.path, [*self._kinds, "step"], home="step")

    def _add(self, frame: xr.Dataset, lengths: Lengths) -> None:
        self._check_same_kinds(frame)
        place = len(self._steps)
        self._write_beside(frame, place % _STEPS_A_CHUNK)
        moved: list[Path] = []
        try:
            for name in self._kinds:
                moved += move_row(self._beside / "data" / name, self.path / name, place)
            copy_row(self._beside / "axis" / "step", self.path / "step", place // _STEPS_A_CHUNK)
            lengths.set(place + 1)
        except BaseException:
            for path in moved if lengths.now == place else ():  # a key pressed at the very end undoes nothing
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            raise

    def _write_beside(self, frame: xr.Dataset, place: int) -> None:
        """Write the numbers of one step beside the store, and its number into its chunk of the array of steps."""
        import zarr

        data = frame.drop_vars([name for name in frame.variables if str(name) not in self._kinds])
        if not self._ready:
            shutil.rmtree(self._beside, ignore_errors=True)
            encoding = {name: chunks for name, chunks in _chunks(frame).items() if name != "step"}
            _write(data, self._beside / "data", mode="w-", encoding=encoding)
            numbers = np.zeros(_STEPS_A_CHUNK, frame.step.dtype)
            numbers[: len(self._steps)] = self._steps
            axis = xr.Dataset(coords={"step": ("step", numbers)})
            _write(axis, self._beside / "axis", mode="w-", encoding={"step": _STEP_CHUNKS})
            self._ready = True
        else:
            _write(data, self._beside / "data", region={"step": slice(0, 1)})
        zarr.open_array(self._beside / "axis" / "step", mode="r+")[place] = int(frame.step[0])

    def _check_same_kinds(self, frame: xr.Dataset) -> None:
        for name, kind in self._kinds.items():
            if frame[name].dtype != kind:
                raise BadArgument(
                    f"{name} has {frame[name].dtype} numbers at step {int(frame.step[0])} and {kind} at the first; "
                    "reduce has to give the same type at every step."
                )


def _write(data: xr.Dataset, path: Path, **how: Any) -> None:
    """Write with zarr; an error is raised once nothing is being written any more."""
    try:
        data.to_zarr(path, consolidated=False, **how)
    except BaseException:
        _wait_for_zarr()
        raise


def _wait_for_zarr() -> None:
    """Wait for zarr's other writes: it raises at the first refused one while those begun beside it go on.

    They would make a folder again that was deleted meanwhile, or write over the same step's second attempt. zarr 2
    writes one after another.
    """
    try:
        from zarr.core.sync import sync
    except ImportError:
        return

    async def others() -> None:
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    with _WAITING:  # two that wait at once would wait for each other
        sync(others())


def _chunks(frame: xr.Dataset) -> dict[Any, dict[str, Any]]:
    chunks: dict[Any, dict[str, Any]] = {"step": _STEP_CHUNKS}
    for name, variable in frame.data_vars.items():
        shape = variable.shape[1:]
        if shape:  # a chunk is at most one step, and a part of its first axis where that is much
            rows = rows_within(shape[0], variable.nbytes // shape[0], BUDGETS.chunk)
            chunks[name] = {"chunks": (1, rows, *shape[1:])}
    return chunks
