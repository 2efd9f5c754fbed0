"""The library of runs that forecasts are made from: numbers of hundreds of runs, and no weights."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, described
from groklens.runs import write_result

#: Where the library is kept, in the package, and the runs that no forecast is fitted to.
KEPT, FRESH = (Path(__file__).with_name(f"{name}.npz") for name in ("library", "fresh"))
#: Multiples of the time that a run took to memorise, at which its signals are taken.
CLOCKS = (1.5, 2.0, 4.0, 8.0)
#: What is known of every run, by its axes.
SHAPE = {
    "memorised": ("run",),
    "generalised": ("run",),
    "half": ("run",),
    "last": ("run",),
    "step": ("run", "clock"),
    "test_accuracy": ("run", "clock"),
    "train_accuracy": ("run", "clock"),
    "curve_step": ("evaluation",),
    "curve_test_accuracy": ("run", "evaluation"),
    "curve_test_loss": ("run", "evaluation"),
    "curve_train_loss": ("run", "evaluation"),
    "curve_norm": ("run", "evaluation"),
}
#: What each run is labelled with.
LABELS = ("task", "fold", "model", "optimizer", "kind", "settings", "configuration", "seed")
#: Beginnings of the names of what may be there in any number.
HYPER, SIGNAL = "hyper_", "signal_"
_ATTRIBUTES = "attributes"


def library(fresh: bool = False) -> xr.Dataset:
    """The library of runs that comes with groklens, as a table by `run`, `clock` and `evaluation`.

    `clock` is in multiples of the time to memorise. Coordinates of `run`: `task` (its name), `fold` (which of the two
    tasks it counts with where folds are by task: a random table counts with the task of its size), `model`,
    `optimizer`, `kind` (`ordinary`, `random_table`, `below_critical`, `no_decay` or `plateau`, by design and not by
    outcome), `settings` (a digest of what of the recipe is no hyper-parameter, such as the model's width),
    `configuration` (everything but the seed) and `seed`. By run, in updates: `memorised` (first evaluated
    step with train accuracy ≥ 0.99), `half` and `generalised` (test accuracy ≥ 0.5, ≥ 0.99), nan where that did not
    come until `last`, at which the run is censored; and `hyper_…`. By run and clock: `step`, accuracies, and a
    `signal_…` for each signal, whose attributes say what it sees. By run and evaluation: losses, test accuracy and the
    weights' norm at `curve_step`, nan after the end of a shorter run. There is no run of two mandated negatives, the
    unigram plateau of a language model and the parity of many bits: of runs of that kind it says nothing.

    With `fresh`, 60 runs of the same design and of other seeds, to which no forecast is fitted: for a last test. Made
    by `python -m analyses.forecasting.library`, with `--fresh` the others.

    >>> gl.forecasts.library()["signal_weight_norm"].attrs["sees"]  # doctest: +SKIP
    'train_only'
    """
    return _kept(FRESH if fresh else KEPT).copy(deep=True)


@cache
def _kept(path: Path) -> xr.Dataset:
    return read_library(path)


def read_library(path: str | Path) -> xr.Dataset:
    """A library of runs from a file that `write_library` wrote; nothing in it is run as code.

    Raises `BadArgument` for a file that is none.

    >>> read_library("mine.npz").sizes  # doctest: +SKIP
    """
    try:
        with np.load(Path(path), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        said = json.loads(str(arrays.pop(_ATTRIBUTES)))
        whole = xr.Dataset(
            {
                name: (said["dims"][name], _wide(arrays[name]), said["attrs"][name])
                for name in said["variables"]
            },
            {name: (said["dims"][name], _wide(arrays[name]), said["attrs"][name]) for name in said["coords"]},
            said["whole"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadArgument(
            f"{path} is no library of runs that gl.forecasts.write_library wrote: {error}"
        ) from None
    return checked_library(whole)


def write_library(runs: xr.Dataset, path: str | Path) -> None:
    """Write a library of runs to one file of numbers and names, floats in single precision.

    Raises `BadArgument` for a table that lacks what a library has.

    >>> write_library(runs, "mine.npz")  # doctest: +SKIP
    """
    checked_library(runs)
    said = {
        "variables": [str(name) for name in runs.data_vars],
        "coords": [str(name) for name in runs.coords],
        "dims": {str(name): list(map(str, each.dims)) for name, each in runs.variables.items()},
        "attrs": {str(name): dict(each.attrs) for name, each in runs.variables.items()},
        "whole": dict(runs.attrs),
    }
    arrays = {str(name): _narrow(each.values) for name, each in runs.variables.items()}
    packed = io.BytesIO()
    arrays[_ATTRIBUTES] = np.array(json.dumps(said))
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle
    write_result(Path(path), packed.getvalue())


def together(rows: Iterable[xr.Dataset]) -> xr.Dataset:
    """Rows of runs (`row_of`) as one library; curves are nan where a run has not been evaluated, or ended before.

    >>> together(gl.forecasts.row_of(run, clocks=gl.forecasts.CLOCKS) for run in runs)  # doctest: +SKIP
    """
    by_step = [row.assign_coords(evaluation=row["curve_step"].values).drop_vars("curve_step") for row in rows]
    whole = xr.concat(by_step, "run", data_vars="all", join="outer", combine_attrs="override")
    steps = xr.DataArray(
        whole["evaluation"].values, dims="evaluation", attrs={"long_name": "step", "units": "updates"}
    )
    return checked_library(whole.drop_vars("evaluation").assign(curve_step=steps))


def checked_library(runs: Any) -> xr.Dataset:
    """The table itself; `BadArgument` where it lacks what a library of runs has, naming the first that is missing."""
    if not isinstance(runs, xr.Dataset):
        raise BadArgument(
            f"{described(runs)} is no library of runs; give a Dataset, as gl.forecasts.library() does."
        )
    missing = [name for name, dims in SHAPE.items() if name not in runs or runs[name].dims != dims]
    missing += [name for name in LABELS if name not in runs.coords or runs[name].dims != ("run",)]
    if missing:
        dims = SHAPE.get(missing[0], ("run",))
        raise BadArgument(f"The library of runs has no {missing[0]} by {' and '.join(dims)}; it needs one.")
    return runs


def _narrow(values: np.ndarray) -> np.ndarray:
    """Floats in single precision, text as text of one width."""
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    return values.astype(str) if values.dtype.kind in "OUT" else values


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64) if values.dtype.kind == "f" else values
