"""Does the local learning coefficient fall when a circuit is cleaned up, and does it tell grokking from memorising?

Prediction (Lau et al. 2023, arXiv:2308.12108; the developmental reading of grokking): the coefficient λ̂ of the train
loss rises while a network memorises, and falls when it exchanges the memorised table for a simpler solution. So a
network that groks ends lower than it stood when it had memorised, and lower than one that never generalises.

Refuted if λ̂ of the grokking runs does not fall between memorising and the end, or does not end below that of a run
without weight decay, or on a random table. As any train loss that goes to nothing flattens the landscape, the fall
alone says little: the control is how far λ̂ falls over the same steps in the runs that never generalise. Estimates whose
chains are not healthy are left out, and a prediction without its numbers is undecided. One temperature, step size and
pull for all: λ̂ is compared at equal ε, nβ and γ alone.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from analyses.models import trained

import groklens as gl

RUNS = ()
SEEDS, STEPS = range(3), (0, 50, 100, 200, 400, 800, 1500, 2200, 3000, 4000)
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(29),
    train_fraction=0.5,
    model=gl.MLP(d_mlp=64, d_embed=16),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
    steps=STEPS[-1],
    evaluate_every=None,
    keep=gl.Steps(list(STEPS)),
)
LLC = gl.measures.LLC(epsilon=1e-3, n_beta=100.0, gamma=100.0)
#: A share of train inputs that is right once the table is known by heart.
MEMORISED = 0.99


def recipes(base: gl.Recipe) -> dict[str, gl.Recipe]:
    """The recipe of each regime: with weight decay, without, and on a random table of as many answers."""
    return {
        "groks": base,
        "memorises": replace(base, optimizer=replace(base.optimizer, weight_decay=0.0)),
        "random table": replace(base, task=gl.RandomTable(base.task.p)),
    }


def measure(smoke: bool = False) -> dict[str, Any]:
    """λ̂, train and test accuracy by step of every seed, for each regime."""
    base, seeds, llc = RECIPE, SEEDS, LLC
    if smoke:
        base = replace(RECIPE, task=gl.ModularArithmetic(11), steps=100, keep=gl.Steps([0, 50, 100]))
        seeds, llc = range(2), replace(LLC, draws=40, burn_in=10)
    folder = None if smoke else Path(__file__).parent / "runs"
    numbers = {}
    for regime, recipe in recipes(base).items():
        runs = trained([replace(recipe, seed=seed) for seed in seeds], folder)
        rows = [_rows(run, llc) for run in runs]
        called = {
            "llc": (f"{regime}: λ̂", "effective parameters / 2"),
            "stderr": ("standard error of λ̂", "effective parameters / 2"),
            "train_accuracy": ("train accuracy", "accuracy"),
            "test_accuracy": ("test accuracy", "accuracy"),
        }
        along = ("step", runs[0].steps, "training step")
        numbers[regime.replace(" ", "_")] = gl.theory.sweep_rows(along, list(seeds), rows, called)
    return numbers


def _rows(run: gl.Run, llc: gl.measures.LLC) -> list[dict[str, float]]:
    """What is measured at each kept step of a run."""
    table = gl.track(run, [llc, "train_accuracy", "test_accuracy"], progress=False)
    found = table[llc.__name__]
    return [
        {
            "llc": float(found.sel(step=step, quantity="value")),
            "stderr": float(found.sel(step=step, quantity="stderr")),
            "train_accuracy": float(table["train_accuracy"].sel(step=step)),
            "test_accuracy": float(table["test_accuracy"].sel(step=step)),
        }
        for step in run.steps
    ]


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """Whether λ̂ falls further than in the runs that never generalise, and ends below theirs, in every seed."""
    ends = {name: _ends(table) for name, table in numbers.items()}
    grokked = bool((numbers["groks"]["test_accuracy"][:, -1] >= MEMORISED).all())
    falls = {name: found[:, 0] / np.maximum(found[:, 1], 1e-9) for name, found in ends.items()}
    last = {name: found[:, 1] for name, found in ends.items()}
    others = {"memorises": "without weight decay", "random_table": "on a random table"}
    return [
        gl.Finding(
            "λ̂ falls further between memorising and the end where the network groks than where it never generalises",
            _number(falls["groks"].min()),
            "times, least of the seeds",
            _verdict(falls["groks"], [falls[name] for name in others], above=True)
            if grokked
            else "undecided",
            _controls(falls, others),
            source="Lau et al. 2023; equal ε, nβ and γ",
            note=_note(numbers),
            key="llc.falls",
        ),
        gl.Finding(
            "λ̂ of a network that grokked ends below that of one that never generalises",
            _number(last["groks"].max()),
            "effective parameters / 2, largest of the seeds",
            _verdict(last["groks"], [last[name] for name in others], above=False) if grokked else "undecided",
            _controls(last, others),
            source="Lau et al. 2023; equal ε, nβ and γ",
            note=_note(numbers),
            key="llc.tells_apart",
        ),
    ]


def _ends(table: Any) -> np.ndarray:
    """λ̂ at the first step that has memorised, and at the last (seed × 2); nan where that is not known."""
    known = (table["train_accuracy"] >= MEMORISED).values
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    llc = table["llc"].values
    begun = np.where(known.any(axis=1), llc[np.arange(len(llc)), first], np.nan)
    return np.stack([begun, llc[:, -1]], axis=1)


def _verdict(own: np.ndarray, others: list[np.ndarray], above: bool) -> str:
    """Supported where every seed lies beyond all of the others', refuted where none does, undecided without numbers."""
    every = np.concatenate(others)
    if not (np.isfinite(own).all() and np.isfinite(every).all()):
        return "undecided"
    sign = 1 if above else -1
    if (sign * own).min() > (sign * every).max():
        return "supported"
    return "refuted" if (sign * own).max() <= (sign * every).max() else "undecided"


def _controls(values: dict[str, np.ndarray], others: dict[str, str]) -> tuple[gl.Control, ...]:
    return tuple(
        gl.Control.of(called, values[name].tolist(), key=name)
        for name, called in others.items()
        if np.isfinite(values[name]).all()
    )


def _note(numbers: dict[str, Any]) -> str:
    healthy = sum(int(np.isfinite(table["llc"].values).sum()) for table in numbers.values())
    return f"{healthy} of {sum(table['llc'].size for table in numbers.values())} estimates are healthy"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """λ̂ over training steps of every seed, for each regime."""
    import xarray as xr

    merged = xr.Dataset({name: table["llc"] for name, table in numbers.items()})
    return gl.views.sweep(merged)
