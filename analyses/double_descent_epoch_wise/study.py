"""Can longer training make a model worse, and then better again?

Prediction (Heckel and Yilmaz 2021, arXiv:2007.10099; Pezeshki et al. 2022, arXiv:2112.03215): least squares by gradient
descent, with features of two speeds, falls, rises and falls again over its steps, because each speed has a U-shaped
curve of its own; with one speed it does not.

Refuted if the risk over steps has no rise and fall beyond error with two speeds, or has one with a single speed.
What a small network on digits does is reported beside this: nothing is predicted of it, for it may lack the slow
features (Nakkiran et al. 2020, arXiv:1912.02292 saw it in large ones).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.models import trained

import groklens as gl

RUNS = ()
N, FAST, SLOW = 100, 70, 20
SLOW_SCALE, SIGNALS, NOISE, RATE = 0.05, (0.7, 1.0), 0.2, 0.2
RECIPE = gl.Recipe(
    task=gl.Corrupted(gl.tasks.Digits(n_train=400), 0.2),
    model=gl.MLP(d_mlp=512, d_embed=None, init="uniform"),
    optimizer=gl.AdamW(lr=1e-3, weight_decay=0.0, betas=(0.9, 0.999), warmup_steps=0),
    steps=30_000,
    evaluate_every=None,
    keep=gl.LogSpaced(46),
)


def measure(smoke: bool = False) -> dict[str, Any]:
    """Risk over steps with two speeds and one, and a network's error."""
    if smoke:
        small = replace(RECIPE, model=replace(RECIPE.model, d_mlp=32), steps=30, keep=gl.Steps([3, 10]))
        return {"linear": linear(np.logspace(0, 6, 13), range(3)), "network": network(small, range(2), smoke)}
    return {"linear": linear(np.logspace(0, 6, 61), range(20)), "network": network(RECIPE, range(3))}


def linear(steps: np.ndarray, seeds: range) -> xr.Dataset:
    """Excess risk of the exact path, with two speeds and with one."""
    two = [risks(steps, SLOW_SCALE, seed) for seed in seeds]
    one = [risks(steps, 1.0, seed) for seed in seeds]
    return gl.theory.sweep_table(
        ("steps", steps, "gradient steps"),
        list(seeds),
        {
            "two_speeds": (two, "two speeds", "squared error"),
            "one_speed": (one, "one speed", "squared error"),
        },
    )


def risks(steps: np.ndarray, slow_scale: float, seed: int) -> list[float]:
    """Excess risk after each number of steps; the slow features' coefficients make up for their scale."""
    generator = torch.Generator().manual_seed(seed)
    scales = torch.cat([torch.ones(FAST), torch.full((SLOW,), slow_scale)]).double()
    inputs = torch.randn(N, FAST + SLOW, generator=generator, dtype=torch.float64) * scales
    true = torch.randn(FAST + SLOW, generator=generator, dtype=torch.float64)
    sizes = torch.tensor(SIGNALS, dtype=torch.float64)
    for part, size in ((slice(0, FAST), sizes[0]), (slice(FAST, None), sizes[1])):
        true[part] *= size / (true[part] * scales[part]).norm()
    labels = inputs @ true + NOISE * torch.randn(N, generator=generator, dtype=torch.float64)
    largest = float(torch.linalg.eigvalsh(inputs.T @ inputs / N).max())
    path = gl.theory.gradient_descent_path(inputs, labels, min(RATE, 0.9 / largest), torch.from_numpy(steps))
    return ((path - true).square() * scales.square()).sum(dim=1).tolist()


def network(recipe: gl.Recipe, seeds: range, smoke: bool = False) -> xr.Dataset:
    """Test and train error of one-hidden-layer networks on noisy digits, the noise drawn apart from the split."""
    recipes = [replace(recipe, seed=seed, task=replace(recipe.task, seed=1000 + seed)) for seed in seeds]
    runs = trained(recipes, None if smoke else Path(__file__).parent / "runs")
    errors = [1 - gl.track(run, ["test_accuracy", "train_accuracy"]) for run in runs]
    steps = recipe.kept_steps
    variables = {
        name: ([each[f"{name}_accuracy"].values for each in errors], f"{name} error", "share wrong")
        for name in ("test", "train")
    }
    table = gl.theory.sweep_table(
        ("steps", [step + 1 for step in steps], "Adam steps, plus one"), list(seeds), variables
    )
    wrong = [float(run.task.is_wrong[run.train_index].double().mean()) for run in runs]
    return table.assign_attrs(wrong=wrong)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    linear_, digits_ = numbers["linear"], numbers["network"]
    return [twice(linear_), once(linear_), stopping(linear_), of_network(digits_)]


def twice(table: xr.Dataset) -> gl.Finding:
    """With two speeds the risk falls, rises and falls again."""
    mean, stderr = gl.theory.mean_and_error(table["two_speeds"])
    first, peak, second = turns(mean)
    falls_first = mean[0] > mean[first] + 2 * np.hypot(stderr[0], stderr[first])
    steps = table["steps"].values
    found = gl.theory.descends_twice(table["two_speeds"])
    return gl.Finding(
        "with two speeds the risk falls, rises and falls again over the steps",
        float(mean[peak]),
        "squared error at the peak",
        "supported" if found and falls_first else "refuted",
        gl.Control.several(
            {
                "first_low": ("at the first low", mean[first]),
                "second_low": ("at the second low", mean[second]),
                "one_speed": ("one speed, at its largest", table["one_speed"].mean("seed").max()),
            }
        ),
        source="Heckel and Yilmaz 2021",
        note=f"{table.sizes['seed']} seeds; low at step {steps[first]:.0f}, peak at {steps[peak]:.0f}, low at "
        f"{steps[second]:.0f}, {mean[-1]:.3f} at the end",
        key="two_speeds",
    )


def turns(mean: np.ndarray) -> tuple[int, int, int]:
    """First low, peak and second low."""
    peak, _ = gl.theory.tallest_peak(mean)
    return int(mean[: peak + 1].argmin()), peak, peak + int(mean[peak:].argmin())


def once(table: xr.Dataset) -> gl.Finding:
    """With one speed it does not rise and fall again."""
    mean, _ = gl.theory.mean_and_error(table["one_speed"])
    found = gl.theory.descends_twice(table["one_speed"])
    first, peak, second = turns(mean)
    return gl.Finding(
        "with one speed it does not fall again once it has risen",
        float(mean[peak] - max(mean[first], mean[second])),
        "height of the peak above the lows beside it",
        "refuted" if found else "supported",
        gl.Control.several(
            {"two_speeds": ("two speeds, at the peak", table["two_speeds"].mean("seed").max())}
        ),
        source="Heckel and Yilmaz 2021",
        note="refuted by a rise and a fall beyond error",
        key="one_speed",
    )


def stopping(table: xr.Dataset) -> gl.Finding:
    """Whether the second low is below the first: whether early stopping at the first loses."""
    mean, stderr = gl.theory.mean_and_error(table["two_speeds"])
    first, _, second = turns(mean)
    gain, slack = mean[first] - mean[second], 2 * np.hypot(stderr[first], stderr[second])
    return gl.Finding(
        "beside the question: here the second low is the deeper one, so stopping at the first loses",
        float(gain),
        "squared error gained by going on",
        "supported" if gain > slack else "refuted" if gain < -slack else "undecided",
        source="ours",
        note=f"two standard errors: {slack:.3f}; it depends on how much signal the slow features carry",
        key="early_stopping",
        role="aside",
    )


def of_network(table: xr.Dataset) -> gl.Finding:
    """What the small network does."""
    mean, stderr = gl.theory.mean_and_error(table["test"])
    found = gl.theory.descends_twice(table["test"])
    low = int(mean.argmin())
    return gl.Finding(
        "beside the question: a one-hidden-layer network on digits with wrong labels does so too",
        float(mean[low:].max() - mean[-1]),
        "share wrong by which the end lies below the largest after the low",
        "supported" if found else "refuted",
        gl.Control.several(
            {
                "low": ("test error at its low", mean[low]),
                "end": ("at the end", mean[-1]),
                "train_end": ("train error at the end", table["train"].isel(steps=-1).values),
            }
        ),
        source="Nakkiran et al. 2020, of larger networks",
        note=f"low at step {table['steps'].values[low] - 1:.0f} of {table['steps'].values[-1] - 1:.0f}; standard error "
        f"at most {stderr.max():.4f}; nothing follows for larger networks",
        key="network",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Risk over gradient steps, each seed a line."""
    return gl.views.sweep(numbers["linear"], log_y=True)
