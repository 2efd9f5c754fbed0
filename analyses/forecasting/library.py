"""`python -m analyses.forecasting.library` makes the library of runs that forecasts are judged on, and fitted to.

It trains 312 runs (20 minutes of one core), takes every signal at multiples of the time to memorise, and writes
numbers alone. `--fresh` makes the 60 runs of other seeds that no forecast is fitted to. `--runs FOLDER` keeps the
weights: the same call trains only what is missing there, so that a signal that is new, ours or a user's
(`--signal FILE.py:NAME`), is taken of all runs without training them again.
"""

import argparse
import importlib.util
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.forecasting import design
from analyses.models import scratch

import groklens as gl

PACKAGE = Path(__file__).parents[2] / "src" / "groklens" / "forecasts"
#: The clocks at which the costly signals are taken, and of how many runs.
COSTLY_CLOCKS, COSTLY_RUNS = (2.0, 8.0), 39
#: How far above chance the test accuracy of a run on its plateau is, at most.
NOT_YET = 0.1


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m analyses.forecasting.library", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="the runs of other seeds instead")
    parser.add_argument("--runs", type=Path, help="where runs are kept; nowhere if not given")
    parser.add_argument(
        "--into", type=Path, help="the file that is written; that of the package if not given"
    )
    parser.add_argument(
        "--signal", action="append", default=[], metavar="FILE.py:NAME", help="a signal of yours"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="a few runs of a few steps, into a file that is named"
    )
    chosen = parser.parse_args(arguments)
    if chosen.smoke and chosen.into is None:
        parser.error("--smoke writes where --into says, and nowhere else")
    into = chosen.into or PACKAGE / ("fresh.npz" if chosen.fresh else "library.npz")
    start = time.process_time()
    wanted = design.fresh_runs() if chosen.fresh else design.library_runs()
    found = made(
        wanted[:8] if chosen.smoke else wanted, chosen.runs or scratch(), loaded(chosen.signal), chosen.smoke
    )
    gl.forecasts.write_library(found, into)
    print(*shares(found), f"{into}: {time.process_time() - start:.0f} s of one processor", sep="\n")


def made(
    wanted: Sequence[tuple[design.Configuration, int]],
    folder: Path,
    more: Sequence[Any] = (),
    smoke: bool = False,
) -> xr.Dataset:
    """The library of these runs, trained in a folder or found there."""
    recipes = [each.recipe(seed) for each, seed in wanted]
    if smoke:
        recipes = [replace(each, steps=300) for each in recipes]
    try:
        gl.train_many(recipes, into=folder, keep_optimizer=None)
    except gl.errors.TrainingDiverged as error:  # the others are there
        print(error)
    rows = list(rows_of(wanted, recipes, folder, [*gl.forecasts.SIGNALS, *more]))
    return gl.forecasts.together(rows)


def rows_of(
    wanted: Sequence[tuple[design.Configuration, int]],
    recipes: Sequence[gl.Recipe],
    folder: Path,
    signals: Sequence[Any],
) -> Iterator[xr.Dataset]:
    """Each run as a row, with what it is by design; the costly signals of every few."""
    every = max(1, len(wanted) // COSTLY_RUNS)
    for i, ((configuration, _), recipe) in enumerate(zip(wanted, recipes, strict=True)):
        run = gl.load(folder / recipe.id)
        row = gl.forecasts.row_of(run, clocks=gl.forecasts.CLOCKS, signals=signals)
        costly = gl.forecasts.row_of(
            run, clocks=COSTLY_CLOCKS if i % every == 0 else (), signals=gl.forecasts.COSTLY
        )
        for signal in gl.forecasts.COSTLY:
            column = costly[f"signal_{signal.name}"]
            row[column.name] = column.reindex(clock=row["clock"]).assign_attrs(column.attrs)
        labels = {"fold": configuration.fold, "kind": configuration.kind}
        yield row.assign_coords({name: ("run", [value]) for name, value in labels.items()})


def shares(runs: xr.Dataset) -> list[str]:
    """What is in a library: runs by kind, and by what became of them."""
    n = runs.sizes["run"]
    kinds, counts = np.unique(runs["kind"].values, return_counts=True)
    memorised, half, generalised = (runs[name] for name in ("memorised", "half", "generalised"))
    last = runs.isel(clock=-1)
    waited = last["test_accuracy"] < runs["chance"] + NOT_YET
    became = {
        "memorised": memorised.notnull(),
        "generalised": generalised.notnull(),
        f"half known already at {runs['clock'].values[0]:g} times the time to memorise": half
        <= runs["step"][:, 0],
        f"half known already at {runs['clock'].values[-1]:g} times it": half <= last["step"],
        "stood on a plateau there, and rose later": waited & (half > last["step"]),
        "never half known": half.isnull(),
    }
    said = [f"{name}: {count} of {n} ({count / n:.0%})" for name, count in zip(kinds, counts, strict=True)]
    return said + [
        f"{name}: {int(each.sum())} of {n} ({float(each.mean()):.0%})" for name, each in became.items()
    ]


def loaded(named: Sequence[str]) -> list[Any]:
    """Signals of a user's, each FILE.py:NAME; the files are run."""
    found = []
    for each in named:
        file, _, name = each.rpartition(":")
        spec = importlib.util.spec_from_file_location(Path(file).stem, file)
        assert spec is not None, f"{file} is no Python file"
        assert spec.loader is not None, f"{file} is no Python file"
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.append(getattr(module, name))
    return found


if __name__ == "__main__":
    main()
