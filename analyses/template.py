"""Does a wider network get more of modular addition right? (Copy this file to analyses/NAME/study.py and change it.)

Prediction (whose, where): at a fixed number of steps the test accuracy grows with the width.

Refuted if the widest network is no better than the narrowest in any seed. The control is a random table.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import groklens as gl
from analyses.models import trained

#: Shipped runs that the study looks at, for its provenance.
RUNS = ()
WIDTHS, SEEDS = (16, 64, 256), range(3)
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(31), model=gl.MLP(), train_fraction=0.6, steps=2000, keep=gl.Steps([])
)


def measure(smoke: bool = False) -> dict[str, Any]:
    """Every seed's numbers, which `result.json` keeps; with `smoke`, small ones in seconds."""
    base = replace(RECIPE, task=gl.ModularArithmetic(7), steps=40) if smoke else RECIPE
    folder = None if smoke else Path(__file__).parent / "runs"
    tables = {}
    for name, task in {"task": base.task, "null": gl.RandomTable(base.task.p, seed=1000)}.items():
        models = [replace(base.model, d_mlp=width) for width in WIDTHS]
        recipes = [replace(base, task=task, model=model, seed=seed) for seed in SEEDS for model in models]
        found = iter([{"test": float(run.history["test_accuracy"][-1])} for run in trained(recipes, folder)])
        rows = [[next(found) for _ in WIDTHS] for _ in SEEDS]
        called = {"test": ("test accuracy", "accuracy")}
        tables[name] = gl.theory.sweep_rows(("width", WIDTHS, "hidden width"), list(SEEDS), rows, called)
    return tables


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make, and nothing else: each with its number, a control and a key."""
    gained, null = ((each["test"][:, -1] - each["test"][:, 0]).values for each in numbers.values())
    return [
        gl.Finding(
            "the widest network is better than the narrowest",
            float(gained.min()),
            "accuracy gained, least of the seeds",
            "supported" if gained.min() > null.max() else "refuted" if gained.max() <= 0 else "undecided",
            (gl.Control.of("gained on a random table", null.tolist(), key="random_table"),),
            key="wider_is_better",
        )
    ]


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Test accuracy by width, each seed a line."""
    return gl.views.sweep(numbers["task"])
