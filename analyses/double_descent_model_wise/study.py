"""Can a larger model be worse, and a still larger one better than all?

Prediction (Belkin et al. 2019, arXiv:1812.11118; Nakkiran et al. 2020, arXiv:1912.02292): the test error of
least-norm regression on random features, and of a one-hidden-layer network trained long on digits with a fifth of
the labels wrong, rises up to the size at which the train inputs are just fitted and falls beyond it.

The baseline is the classical U: once it has begun to rise, the error of larger models only grows.

Refuted if there is no rise and fall beyond error, which would uphold the U, or if the peak lies away from where the
train error is measured to vanish. Beside it stand the best error along the way, which early stopping would have, and
the same network without wrong labels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import trained

import groklens as gl

RUNS = ()
N, WRONG, STEPS = 400, 0.2, 4000
FEATURES = (25, 50, 100, 200, 300, 350, 380, 400, 420, 450, 500, 600, 800, 1200, 2000, 4000, 8000)
WIDTHS = (2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 128, 256, 512)
#: Train error at which the train inputs count as fitted.
FITTED = 0.01


def measure(smoke: bool = False) -> dict[str, Any]:
    """Errors over the number of random features, and over the width of a network with and without wrong labels."""
    if smoke:
        widths = (2, 8, 32)
        return {
            "features": over_features((20, 60, 200), 60, range(2)),
            "noisy": over_widths(widths, 60, WRONG, 40, range(2), smoke),
            "clean": over_widths(widths, 60, 0.0, 40, range(2), smoke),
        }
    return {
        "features": over_features(FEATURES, N, range(5)),
        "noisy": over_widths(WIDTHS, N, WRONG, STEPS, range(5)),
        "clean": over_widths(WIDTHS, N, 0.0, STEPS, range(3)),
    }


def over_features(sizes: Sequence[int], n: int, seeds: range) -> xr.Dataset:
    """Squared error of least-norm regression on random features of digits, labels right."""
    called = {"test": ("test inputs", "squared error"), "train": ("train inputs", "squared error")}
    rows = [[of_features(size, n, seed) for size in sizes] for seed in seeds]
    return gl.theory.sweep_rows(("size", sizes, "random features"), list(seeds), rows, called)


def of_features(size: int, n: int, seed: int) -> dict[str, float]:
    """Test and train squared error, mean over inputs of the sum over classes."""
    parts = gl.tasks.split_examples(gl.tasks.Digits(n_train=n), seed)
    features = {
        name: gl.theory.random_fourier_features(part.inputs, size, seed) for name, part in parts.items()
    }
    errors = {}
    for name, part in parts.items():
        smoother = gl.theory.least_squares(features["train"], features[name])
        errors[name], _ = gl.theory.class_errors(smoother, parts["train"].targets, part.labels)
    return errors


def over_widths(
    sizes: Sequence[int], n: int, wrong: float, steps: int, seeds: range, smoke: bool = False
) -> xr.Dataset:
    """Errors of a network at the end, the least test error along the way, and the share of wrong train labels."""
    recipes = [network(size, n, wrong, steps, seed) for seed in seeds for size in sizes]
    runs = trained(recipes, None if smoke else Path(__file__).parent / "runs")
    scores = [of_run(run) for run in runs]
    rows = [scores[i * len(sizes) : (i + 1) * len(sizes)] for i in range(len(seeds))]
    called = {
        "test": ("test error, at the end", "share wrong"),
        "best": ("test error, at its best step", "share wrong"),
        "train": ("train error", "share wrong"),
        "wrong": ("wrong train labels", "share of labels"),
    }
    return gl.theory.sweep_rows(("size", sizes, "hidden width"), list(seeds), rows, called)


def network(width: int, n: int, wrong: float, steps: int, seed: int) -> gl.Recipe:
    """One hidden layer on digits, full batches of Adam; the wrong labels are chosen apart from the split."""
    return gl.Recipe(
        task=gl.Corrupted(gl.tasks.Digits(n_train=n), wrong, seed=1000 + seed),
        model=gl.MLP(d_mlp=width, d_embed=None, init="uniform"),
        optimizer=gl.AdamW(lr=1e-3, weight_decay=0.0, betas=(0.9, 0.999), warmup_steps=0),
        steps=steps,
        evaluate_every=20,
        keep=gl.Steps([]),
        seed=seed,
    )


def of_run(run: gl.Run) -> dict[str, float]:
    """The errors of one run, and how many of its train labels are wrong."""
    error = 1 - run.history[["train_accuracy", "test_accuracy"]].dropna("step")
    task = run.task
    return {
        "test": float(error["test_accuracy"][-1]),
        "best": float(error["test_accuracy"].min()),
        "train": float(error["train_accuracy"][-1]),
        "wrong": float(task.is_wrong[run.train_index].double().mean()),
    }


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    features, noisy, clean = numbers["features"], numbers["noisy"], numbers["clean"]
    return [
        twice("features", features, "random features", features),
        peak_is_threshold("features", features, "random features", 1e-6),
        twice("network", noisy, "a network with a fifth of the labels wrong", clean),
        peak_is_threshold("network", noisy, "a network with a fifth of the labels wrong", FITTED),
        stopped(noisy),
        without_noise(clean),
    ]


def threshold(table: xr.Dataset, level: float) -> float:
    """The first size at which the mean train error is at most `level`: measured, not counted; nan for none."""
    fitted = table["train"].mean("seed").values <= level
    return float(table["size"].values[fitted.argmax()]) if fitted.any() else float("nan")


def twice(on: str, table: xr.Dataset, what: str, control: xr.Dataset) -> gl.Finding:
    """The test error rises and falls again: the classical U does not describe it."""
    mean, stderr = gl.theory.mean_and_error(table["test"])
    at, height = gl.theory.tallest_peak(mean)
    found = gl.theory.descends_twice(table["test"])
    controls = [
        gl.Control.of("least before the peak", [float(mean[: at + 1].min())], key="before_peak"),
        gl.Control.of("least beyond it", [float(mean[at:].min())], key="beyond_peak"),
        gl.Control.of(
            "a U has a hump of",
            [gl.theory.tallest_peak(np.minimum.accumulate(mean[: at + 1]))[1]],
            key="u_shape",
        ),
    ]
    if control is not table:
        controls.append(
            gl.Control.of(
                "hump without wrong labels",
                [gl.theory.tallest_peak(control["test"].mean("seed").values)[1]],
                key="without_wrong_labels",
            )
        )
    return gl.Finding(
        f"larger models are first worse and then better: {what}",
        height,
        f"{table['test'].attrs['units']}, height of the peak above the higher of its two lows",
        "supported" if found else "refuted",
        tuple(controls),
        source="Belkin et al. 2019; Nakkiran et al. 2020",
        note=f"{table.sizes['seed']} seeds; peak {mean[at]:.4g} ± {stderr[at]:.2g} at {table['size'].values[at]:.0f}",
        key=f"double_descent.{on}",
    )


def peak_is_threshold(on: str, table: xr.Dataset, what: str, level: float) -> gl.Finding:
    """The peak lies at the first size that fits, or beside it."""
    mean, _ = gl.theory.mean_and_error(table["test"])
    sizes, first = table["size"].values, threshold(table, level)
    at, _ = gl.theory.tallest_peak(mean)
    claim = f"the error is worst where the train inputs are first fitted: {what}"
    if np.isnan(first):
        return gl.Finding(
            claim,
            None,
            "size",
            "undecided",
            note=f"no size has a train error of {level} or less",
            key=f"peak_at_threshold.{on}",
        )
    apart = abs(int(np.flatnonzero(sizes == first)[0]) - at)
    each = [float(sizes[gl.theory.tallest_peak(row)[0]]) for row in table["test"].values]
    return gl.Finding(
        claim,
        float(sizes[at]),
        "size at the peak",
        "supported" if apart <= 1 else "refuted" if apart > 3 else "undecided",
        gl.Control.several(
            {"each_seed": ("peak of each seed", each), "threshold": ("first size that fits", first)}
        ),
        source="Nakkiran et al. 2020, section 2",
        note=f"fitted: mean train error at most {level}; supported within one of the sizes tried, refuted beyond three",
        key=f"peak_at_threshold.{on}",
    )


def stopped(table: xr.Dataset) -> gl.Finding:
    """Early stopping at the best step, chosen with hindsight, has no second descent."""
    mean, _ = gl.theory.mean_and_error(table["best"])
    return gl.Finding(
        "beside the question: at the best step of each run there is no peak over the width",
        gl.theory.tallest_peak(mean)[1],
        "share wrong, height of the peak",
        "refuted" if gl.theory.descends_twice(table["best"]) else "supported",
        gl.Control.several(
            {
                "end": (
                    "height of the peak at the end",
                    gl.theory.tallest_peak(table["test"].mean("seed").values)[1],
                )
            }
        ),
        source="Nakkiran et al. 2020, section 5",
        note="the step is chosen on the test inputs themselves: a lower bound of what stopping could give",
        key="early_stopping",
        role="aside",
    )


def without_noise(table: xr.Dataset) -> gl.Finding:
    """Without wrong labels the network's peak is smaller, or none."""
    mean, _ = gl.theory.mean_and_error(table["test"])
    return gl.Finding(
        "beside the question: with right labels alone the network has no peak",
        gl.theory.tallest_peak(mean)[1],
        "share wrong, height of the peak",
        "refuted" if gl.theory.descends_twice(table["test"]) else "supported",
        source="Nakkiran et al. 2020, section 5",
        note=f"{table.sizes['seed']} seeds",
        key="without_wrong_labels",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """A network's errors over its width, and where it first fits."""
    table = numbers["noisy"]
    first = threshold(table, FITTED)
    marks = {} if np.isnan(first) else {"train inputs fitted": first}
    return gl.views.sweep(table, ["test", "best", "train"], marks=marks)
