"""Do Grokfast, ⊥Grad, StableMax or Muon generalise sooner than AdamW tuned over as many configurations?

Predictions: Grokfast does, by amplifying the slow gradient (Lee et al. 2024, arXiv:2405.20233); so does a gradient
across the weights, and a loss without exponentials (Prieto et al. 2025, arXiv:2501.04697); so does Muon (Tveit et al.
2025, arXiv:2504.16041). Each arm chooses among nine configurations by the mean time to generalise of the same tuning
seeds, at each width, and is judged on others. Times are updates to 0.99 of the test inputs, censored at the last. The
control of Grokfast is AdamW at (1 + gain) times the rate of Grokfast's chosen configuration, all else the same: to that
an amplified gradient that stays would amount.

Refuted if a method takes more than 0.9 of AdamW's mean time at both widths, by the whole 95 % interval over seeds,
and AdamW generalises in half of them: where it does not, there is nothing to be compared with.
Supported if it is sooner than AdamW, and Grokfast than its control, at both widths by the log-rank test, corrected by
Holm over all tests of methods. Else undecided, as whatever lacks its control is. Losses are in float64: softmax that
collapses in float32 looks like a failure.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import scratch, trained
from analyses.optimiser_trial.arms import ARMS, CONTROL, FILTER, control
from analyses.optimiser_trial.claims import bracketed, of_rate, sooner
from analyses.result import of_run

import groklens as gl

RUNS = ()
WIDTHS = (64, 128)
#: Configurations are chosen on some seeds and judged on others; sizes and ranges were chosen on seeds from 900 on.
TUNING, JUDGED = range(100, 102), range(20)
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(23),
    model=gl.MLP(d_mlp=64, d_embed=32, combine="sum"),
    train_fraction=0.75,
    steps=1200,
    evaluate_every=10,
    keep=gl.Steps([]),
)
_EVENTS = ("memorised", "generalised", "last_step")


def measure(smoke: bool = False) -> dict[str, Any]:
    """When each judged run generalised, by arm, width and seed, and what the tuning runs of each configuration did."""
    base, widths, tuning, judged = RECIPE, WIDTHS, TUNING, JUDGED
    if smoke:
        small = gl.MLP(d_mlp=8, d_embed=4, combine="sum")
        base = replace(RECIPE, task=gl.ModularArithmetic(5), model=small, steps=10)
        widths, tuning, judged = (8,), range(100, 101), range(2)
    folder = scratch() if smoke else Path(__file__).parent / "runs"
    trial, tuned, kept = {}, {}, {}
    for width in widths:
        for name, arm in ARMS.items():
            sized = replace(base, model=replace(base.model, d_mlp=width))
            recipes = arm.recipes(sized)
            # All of an arm's tuning runs at once, which is less work than as many stacks as there are configurations.
            runs = trained([replace(one, seed=seed) for one in recipes for seed in tuning], folder)
            tuned[width, name] = [
                _events(runs[i : i + len(tuning)]) for i in range(0, len(runs), len(tuning))
            ]
            chosen = recipes[_best(tuned[width, name])]
            for arm_name, recipe in {
                name: chosen,
                **({CONTROL: control(chosen)} if name == FILTER else {}),
            }.items():
                runs = trained([replace(recipe, seed=seed) for seed in judged], folder)
                trial[width, arm_name] = _events(runs)
                kept |= {f"{arm_name} at width {width}": of_run(runs[0])}
    return {
        "trial": _table(trial, widths, {"seed": list(judged)}),
        "tuning": _table({key: xr.concat(each, "configuration") for key, each in tuned.items()}, widths, {}),
        "chosen": {f"{name}, {width}": _best(each) for (width, name), each in tuned.items()},
        "runs": kept,
    }


def _events(runs: list[gl.Run]) -> xr.Dataset:
    """When runs of one configuration memorised and generalised, over seeds."""
    return xr.concat([gl.sweeps.events_of(run) for run in runs], "seed")


def _best(configurations: list[xr.Dataset]) -> int:
    """The configuration of the least mean time to generalise, a censored run's its whole length; the first of ties."""
    return int(
        np.argmin([float(one["generalised"].fillna(one["last_step"]).mean()) for one in configurations])
    )


def _table(
    each: dict[tuple[int, str], xr.Dataset], widths: tuple[int, ...], places: dict[str, Any]
) -> xr.Dataset:
    """Tables of every width and arm as one."""
    names = [name for name in (*ARMS, CONTROL) if (widths[0], name) in each]
    rows = [xr.concat([each[width, name] for name in names], "arm") for width in widths]
    found = xr.concat(rows, "width")[list(_EVENTS)]
    found = found.assign_coords(width=list(widths), arm=names, **places)
    found["width"].attrs = {"long_name": "hidden width"}
    return found


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    return [*sooner(numbers["trial"]), of_rate(numbers["trial"]), bracketed(numbers["chosen"])]


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Runs that have not generalised yet, by arm, in the narrow network."""
    return gl.views.survival(numbers["trial"].isel(width=0), by="arm")


def other_pictures(numbers: dict[str, Any]) -> dict[str, gl.views.Figure]:
    """The same in the wide network."""
    return {"wide": gl.views.survival(numbers["trial"].isel(width=-1), by="arm")}
