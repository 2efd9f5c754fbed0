"""A library of runs made up for tests: the shape of `gl.forecasts.library()`, with outcomes that are known."""

from __future__ import annotations

import numpy as np
import xarray as xr

CLOCKS = (1.5, 2.0, 4.0, 8.0)
LAST = 6000.0


def made_up_library(configurations=12, seeds=3, seed=0):
    """Runs of `configurations` × `seeds`: every third configuration never changes; the signals are told by name.

    `signal_knows` is higher the sooner a run will change, `signal_noise` is noise, `signal_time` the step.
    """
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(configurations), seeds)
    n = len(number)
    memorised = rng.integers(5, 30, n) * 10.0
    half = np.where(number % 3 == 2, np.nan, np.round(memorised * rng.uniform(2, 20, n), -1))
    generalised = np.round(half * 1.5, -1)
    half, generalised = (np.where(each > LAST, np.nan, each) for each in (half, generalised))
    step = memorised[:, None] * CLOCKS
    curve_step = np.unique(np.round(np.geomspace(10, LAST, 40), -1))
    curve = _accuracy(curve_step[None], half[:, None], generalised[:, None])
    by_run, by_clock, by_curve = ("run",), ("run", "clock"), ("run", "evaluation")
    knows = np.where(np.isnan(half), -5.0, -np.log(half / memorised))[:, None] + 0 * step
    signals = {"knows": knows, "noise": rng.normal(size=step.shape), "time": step}
    columns = {
        "memorised": (by_run, memorised),
        "generalised": (by_run, generalised),
        "half": (by_run, half),
        "last": (by_run, np.full(n, LAST)),
        "chance": (by_run, np.full(n, 1 / 23)),
        "step": (by_clock, step),
        "test_accuracy": (by_clock, _accuracy(step, half[:, None], generalised[:, None])),
        "train_accuracy": (by_clock, np.ones_like(step)),
        "curve_step": (("evaluation",), curve_step),
        "curve_test_accuracy": (by_curve, curve),
        "curve_test_loss": (by_curve, 3 * (1 - curve) + 0.01),
        "curve_train_loss": (by_curve, np.exp(-curve_step / 100)[None] + 0 * curve),
        "curve_norm": (by_curve, 30 + 0 * curve),
        "hyper_learning_rate": (by_run, np.array([1e-3, 1e-2])[number % 2]),
        "hyper_weight_decay": (by_run, np.array([0.0, 0.3, 1.0])[number % 3]),
        "hyper_train_share": (by_run, np.array([0.4, 0.6])[number // 3 % 2]),
    }
    for name, values in signals.items():
        columns[f"signal_{name}"] = (
            by_clock,
            values,
            {"sees": "train_only", "units": "number", "source": "made up"},
        )
    coords = {
        "clock": list(CLOCKS),
        "task": (by_run, np.array(["a−b mod 23", "S4"])[number % 2]),
        "fold": (by_run, np.array(["a−b mod 23", "S4"])[number % 2]),
        "model": (by_run, np.array(["MLP", "Transformer"])[number // 2 % 2]),
        "optimizer": (by_run, np.array(["AdamW", "Adam"])[number // 4 % 2]),
        "settings": (by_run, np.full(n, "task 0, model 0, optimizer 0, training 0")),
        "kind": (by_run, np.where(number % 3 == 2, "random_table", "ordinary")),
        "configuration": (by_run, np.array([f"configuration {i}" for i in number])),
        "seed": (by_run, np.tile(np.arange(seeds), configurations)),
    }
    return xr.Dataset(columns, coords)


def _accuracy(step, half, generalised):
    """0 until half is known, ½ from there on, and all from where the run generalised."""
    return 0.5 * (step >= half) + 0.5 * (step >= generalised)
