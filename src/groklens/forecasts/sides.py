"""On which runs a forecast is fitted, and on which others it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Bool

from groklens.errors import BadArgument, described, did_you_mean
from groklens.forecasts.by_configuration import first_half

#: Coordinates by whose values runs are kept apart.
KINDS = ("task", "model", "optimizer")
#: What a side may be given as: values by coordinate, or a mask over the runs.
Side = Mapping[str, Any] | Any


@dataclass(frozen=True)
class Split:
    """One way to judge: fitted on the runs of `train`, everything frozen, judged on those of `test` (run, run)."""

    name: str
    train: Bool[np.ndarray, "run"]
    test: Bool[np.ndarray, "run"]


def splits(
    library: xr.Dataset, train_on: Side | None = None, test_on: Side | None = None, seed: int = 0
) -> list[Split]:
    """The splits on which signals are judged: by configuration, and by each task, model and optimiser.

    By configuration: half of the configurations, drawn by `seed`, and then the other half in its place. By task: each
    task judged by the others; models and optimisers likewise. With `train_on` and `test_on` that one split. Raises
    `BadArgument` where a configuration stands on both sides: its seeds resemble each other, and a signal that encodes
    the configuration would seem to foresee what it has seen.
    """
    if train_on is not None or test_on is not None:
        return [_given(library, train_on, test_on)]
    first = first_half(library["configuration"].values, seed)
    found = [
        Split("configurations, first half", first, ~first),
        Split("configurations, second half", ~first, first),
    ]
    for kind in kinds_in(library):
        values = np.unique(library[kind].values)
        for value in values if len(values) > 1 else ():
            of = library[kind].values == value
            found.append(Split(f"{kind}: others, judged on {value}", ~of, of))
    for each in found:
        check_apart(library, each.train, each.test)
    return found


def kinds_in(table: xr.Dataset) -> tuple[str, ...]:
    """The coordinates by which runs are kept apart: folds of tasks where a library has them, models, optimisers.

    A library's `fold` says which task a run counts with, a random table with the task of its size: by the fold nobody
    can tell which of the two it is.
    """
    return tuple("fold" if kind == "task" and "fold" in table.coords else kind for kind in KINDS)


def check_apart(library: xr.Dataset, train: Bool[np.ndarray, "run"], test: Bool[np.ndarray, "run"]) -> None:
    """Raise `BadArgument` where a configuration has runs on both sides."""
    configuration = library["configuration"].values
    both = np.intersect1d(configuration[train], configuration[test])
    if len(both):
        raise BadArgument(
            f"{len(both)} configurations have runs on both sides, such as {str(both[0])!r}: a forecast would be judged "
            "on what it was fitted on. Split by configuration, with all of its seeds on one side."
        )


def _given(library: xr.Dataset, train_on: Side | None, test_on: Side | None) -> Split:
    test = None if test_on is None else _mask(library, "test_on", test_on)
    train = None if train_on is None else _mask(library, "train_on", train_on)
    if test is None:
        assert train is not None
        test = ~train
    train = ~test if train is None else train
    for name, side in (("train_on", train), ("test_on", test)):
        if not side.any():
            raise BadArgument(f"{name} chooses none of the {len(side)} runs; choose some.")
    check_apart(library, train, test)
    return Split("given", train, test)


def _mask(library: xr.Dataset, name: str, side: Side) -> Bool[np.ndarray, "run"]:
    if not isinstance(side, Mapping):
        mask = np.asarray(side)
        if mask.dtype != bool or mask.shape != (library.sizes["run"],):
            raise BadArgument(
                f"{name} is {described(side)}; give values by coordinate, such as {{'optimizer': 'AdamW'}}, or a mask "
                f"of the {library.sizes['run']} runs."
            )
        return mask
    mask = np.ones(library.sizes["run"], bool)
    for key, value in side.items():
        if key not in library.coords or library[key].dims != ("run",):
            known = [str(each) for each in library.coords if library[each].dims == ("run",)]
            raise BadArgument(
                f"{name} has {key!r}, which runs of the library do not; "
                f"{did_you_mean(key, known) or 'they have ' + ', '.join(known) + '.'}"
            )
        mask &= np.isin(library[key].values, np.atleast_1d(np.asarray(value)))
    return mask
