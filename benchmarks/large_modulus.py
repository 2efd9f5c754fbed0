"""All of `gl.measures.PROGRESS` on one checkpoint of p = 509, 259,081 inputs: the process stays below 2 GiB."""

from __future__ import annotations

import tempfile
from pathlib import Path

import groklens as gl
from benchmarks.memory import printed
from benchmarks.report import at_most, is_smoke
from benchmarks.setup import nanda

CODE = """
import sys, time
import groklens as gl
run = gl.load(sys.argv[1])
circuit = gl.Circuit(f"C{run.task.d_vocab_out}", [1, 2, 3, 4, 5])
table = gl.track(run, gl.measures.PROGRESS, circuit, steps=[0])
assert len(table.data_vars) == len(gl.measures.PROGRESS), table.attrs["left_out"]
print(peak())
"""


def main() -> None:
    """Keep an initialisation, then measure it in a process of its own."""
    p = 13 if is_smoke() else 509
    recipe = nanda(p=p)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        train_index = recipe.task.split(recipe.train_fraction, recipe.seed)[0]
        model = recipe.model.build(recipe.task, recipe.seed)
        with gl.Recorder(model, recipe.task, into=path, keep=gl.Steps([]), train_index=train_index):
            pass
        peak = printed(CODE, str(path))
    at_most("large_modulus", f"p = {p}", peak, 2048.0, "MiB")


if __name__ == "__main__":
    main()
