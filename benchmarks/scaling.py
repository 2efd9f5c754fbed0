"""What training and measuring cost as a problem grows: steps a second and seconds a checkpoint, for planning a study.

From p = 113, one layer and one run on, one size at a time: p from 23 to 257, 1 to 3 layers; and stacks of up to 64 runs
of p = 23. Each on one thread and on two, alone and beside a process that keeps a core busy. Writes `scaling.json` and a
picture for each cost along each axis beside this file, elsewhere with `--into=FOLDER`, and nothing there in a smoke
test. Is made to take less than five minutes, and means something on a machine that is idle otherwise. A step on one
thread must take no more than 1.6 times as long beside the busy process.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import xarray as xr

import groklens as gl
from benchmarks.report import at_most, is_smoke, seconds
from benchmarks.setup import Clock, median_step, nanda

#: The sizes that are gone through, by what grows.
AXES = {"p": (23, 53, 113, 179, 257), "layers": (1, 2, 3), "runs": (1, 4, 16, 64)}
IN_SMOKE = {"p": (5,), "runs": (2,)}
#: Threads, and whether another process keeps a core busy.
CONDITIONS = ((1, False), (2, False), (1, True), (2, True))
CONDITIONS_IN_SMOKE = ((1, False), (1, True))
#: Seconds that the steps of one measurement may take, roughly, where the machine is its own.
SECONDS = 1.0
#: What is drawn, and its unit: steps of all runs of a stack together.
COSTS = {"run_steps_per_second": "steps a second", "seconds_per_checkpoint": "seconds a checkpoint"}
_SPIN = "while True: pass"

Row = dict[str, Any]


def main() -> None:
    """Measure everything, write the table, draw it."""
    conditions = CONDITIONS_IN_SMOKE if is_smoke() else CONDITIONS
    rows = [row for condition in conditions for row in under(*condition)]
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) if is_smoke() else _wanted_folder()
        write(rows, into)
        draw(rows, into)
    at_most("scaling", "a step beside a busy core, over alone, one thread", slowed(rows), 1.6, "×")


def slowed(rows: list[Row]) -> float:
    """Median over sizes of a step's time beside a busy process, over its time alone, on one thread."""
    alone, beside = (
        [row["seconds_per_step"] for row in rows if (row["threads"], row["busy"]) == (1, busy)]
        for busy in (False, True)
    )
    return statistics.median(after / before for before, after in zip(alone, beside, strict=True))


def under(threads: int, busy: bool) -> Iterator[Row]:
    """Every size with so many threads, beside a busy process or not."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with neighbour(busy):
            for axis, sizes in (IN_SMOKE if is_smoke() else AXES).items():
                for size in sizes:
                    yield {"axis": axis, "size": size, "threads": threads, "busy": busy, **costs(axis, size)}
    finally:
        torch.set_num_threads(before)


@contextmanager
def neighbour(busy: bool) -> Iterator[None]:
    """Context in which another process keeps a core busy, or none does."""
    process = subprocess.Popen([sys.executable, "-c", _SPIN]) if busy else None
    try:
        yield
    finally:
        if process is not None:
            process.kill()
            process.wait()


def costs(axis: str, size: int) -> dict[str, float]:
    """Seconds of a step, steps a second, and seconds of a checkpoint where one run is looked at."""
    recipe = recipe_of(axis, size)
    count = size if axis == "runs" else 1
    step = seconds_of_step(recipe, count, steps_of(axis, size))
    found = {"seconds_per_step": step, "steps_per_second": 1 / step, "run_steps_per_second": count / step}
    return found if axis == "runs" else found | {"seconds_per_checkpoint": seconds_of_checkpoint(recipe)}


@cache
def steps_of(axis: str, size: int) -> int:
    """How many steps are timed: what fits into `SECONDS` under the first condition, and as many under the others."""
    if is_smoke():
        return 4
    few = seconds_of_step(recipe_of(axis, size), size if axis == "runs" else 1, 4)
    return max(4, min(100, int(SECONDS / few)))


def recipe_of(axis: str, size: int) -> gl.Recipe:
    """The recipe of this size along an axis; stacks are of small models, as they would be."""
    if axis == "layers":
        return nanda(size)
    if axis == "p":
        return nanda(p=size)
    model = gl.Transformer(d_model=32, n_heads=4, d_head=8, d_mlp=128)
    return nanda(p=5 if is_smoke() else 23, model=model, train_fraction=0.75)


def seconds_of_step(recipe: gl.Recipe, count: int, steps: int) -> float:
    """Median wall time of a step of so many runs at once."""
    timed = replace(recipe, steps=steps + 2, keep=Clock())
    return median_step([replace(timed, seed=seed) for seed in range(count)], after=1)


def seconds_of_checkpoint(recipe: gl.Recipe) -> float:
    """Wall time of all progress measures of a checkpoint, the first, which finds what is the same for all, left out."""
    with tempfile.TemporaryDirectory() as folder:
        kept = replace(recipe, steps=2, keep=gl.Every(1))
        run = gl.train(kept, into=Path(folder) / "run", progress=False)
        circuit = gl.Circuit(f"C{run.task.d_vocab_out}", [1, 2])
        gl.track(run, gl.measures.PROGRESS, circuit, steps=run.steps[:1])
        rest = run.steps[1:]
        return seconds(lambda: gl.track(run, gl.measures.PROGRESS, circuit, steps=rest)) / len(rest)


def write(rows: list[Row], into: Path) -> None:
    """The table as JSON, with the machine that it is of."""
    machine = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "groklens": version("groklens"),
    }
    text = json.dumps({**machine, "rows": rows}, indent=1)
    (into / "scaling.json").write_text(text + "\n", encoding="utf-8")


def draw(rows: list[Row], into: Path) -> None:
    """A picture for each cost along each axis: a line for each number of threads, alone and beside a busy process."""
    for axis in dict.fromkeys(row["axis"] for row in rows):
        of_axis = [row for row in rows if row["axis"] == axis]
        for cost, units in COSTS.items():
            if cost in of_axis[0]:
                table = table_of(of_axis, cost, units)
                gl.views.sweep(table, log_y=True).save(into / f"scaling_{axis}_{cost}.png")


def table_of(rows: list[Row], cost: str, units: str) -> xr.Dataset:
    """One cost along the axis of the rows, a variable for each condition."""
    axis, sizes = rows[0]["axis"], list(dict.fromkeys(row["size"] for row in rows))
    found = {}
    for threads, busy in dict.fromkeys((row["threads"], row["busy"]) for row in rows):
        who = f"{threads} thread{'s' * (threads > 1)}{', a core busy' * busy}"
        line = [row[cost] for row in rows if (row["threads"], row["busy"]) == (threads, busy)]
        found[who] = (axis, line, {"long_name": who, "units": units})
    return xr.Dataset(found, coords={axis: sizes})


def _wanted_folder() -> Path:
    """The folder of `--into=FOLDER`, made if need be; else this file's."""
    named = [flag.removeprefix("--into=") for flag in sys.argv if flag.startswith("--into=")]
    folder = Path(named[-1]) if named else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
