"""`python -m analyses.counterfactual_training.paper`: the same changes to the run of Nanda et al. (2023), one seed.

Addition mod 113 in a one-layer transformer, 0.3 of the inputs trained on, weight decay 1. One network says nothing of a
spread, so that this makes no finding: its numbers are kept beside the study's, in `paper.json`. The runs are kept too,
and the same command goes on after a kill.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.counterfactual_training.study import accuracies, as_far, furthest, without_rows
from analyses.models import shipped

import groklens as gl

_HERE = Path(__file__).parent
#: The parent is that of the shipped run, up to soon after it generalises (step 8,300); forks go on for a quarter more.
LAST, HALF, AFTER, END = 8_600, 4_200, 8_500, 10_500
#: A fork with no change is followed so far.
ALIKE = 1_000
#: What each fork changes of the recipe; the last two change weights.
CHANGES: dict[str, dict[str, Any]] = {
    "none": {},
    "decay removed": {"optimizer.weight_decay": 0.0},
    "rate cut": {"optimizer.lr": 1e-4},
    "circuit removed": {},
    "random change": {},
}
#: Less data than the critical share is a question where all is known.
CUT = {"data cut below": {"train_fraction": 0.15}}
#: Forks by the place that they leave their parent at: when, their last step, and their changes.
FORKS = {"within": (HALF, END, CHANGES), "after": (AFTER, END, CHANGES | CUT)}
EMBEDDING, READ_OUT = "embed.weight", "unembed.weight"


def lives(folder: Path, recipe: gl.Recipe, forks: Any = None) -> dict[str, xr.Dataset]:
    """Test accuracy of every fork over its steps (change, step), by the place that it leaves the parent at."""
    forks = FORKS if forks is None else forks
    left = sorted({step for step, _, _ in forks.values()})
    parent = gl.train(recipe, folder / "parent", keep_optimizer=left)
    circuit = gl.find_circuit(parent.final) or gl.Circuit(f"C{parent.task.d_vocab_out}", [1])
    found = {}
    for place, (step, last, changes) in forks.items():
        weights = parent.at(step).model.state_dict()
        cut = without_rows(weights, circuit, (EMBEDDING, READ_OUT))
        given = {"circuit removed": cut, "random change": as_far(weights, cut)}
        rows, apart = {}, 0.0
        for change, changed in changes.items():
            # One with no change is its parent: as far as that goes is enough.
            ends = min(step + ALIKE, parent.steps[-1]) if change == "none" else last
            into = folder / f"{place}, {change}"
            run = gl.fork(parent, step, into, weights=given.get(change), steps=ends, keep=KEEP, **changed)
            rows[change] = accuracies(run, parent)
            apart = furthest(run, parent) if change == "none" else apart
        found[place] = table(rows, step, apart, circuit)
    return found


#: Of every life so often, so that an update or two is no matter.
KEEP = gl.Every(100)


def table(rows: dict[str, dict[int, float]], step: int, apart: float, circuit: gl.Circuit) -> xr.Dataset:
    """Accuracies by change and step, missing where a life has no such step."""
    steps = sorted(set().union(*rows.values()))
    values = [[each.get(one, np.nan) for one in steps] for each in rows.values()]
    columns = {
        "accuracy": (("change", "step"), values, {"long_name": "test accuracy", "units": "accuracy"}),
        "forked_at": float(step),
        "apart": apart,
        "components": float(len(circuit.components)),
    }
    coords = {"change": list(rows), "step": ("step", steps, {"long_name": "training step"})}
    return xr.Dataset(columns, coords)


def main() -> None:
    """Train what is not there yet, and write the numbers."""
    recipe = replace(shipped("mod113").recipe, steps=LAST, keep=gl.Steps((0, HALF, AFTER)))
    found = lives(_HERE / "runs" / "paper", recipe)
    kept = {place: each.to_dict() for place, each in found.items()}
    (_HERE / "paper.json").write_text(json.dumps({"recipe": recipe.id, "lives": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
