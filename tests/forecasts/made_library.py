"""A library of runs made up for the tests of the referee: what becomes of each is known to the last digit."""

import numpy as np
import xarray as xr

CLOCKS = (1.5, 2.0, 4.0, 8.0)


def made_library(configurations=48, seeds=3, noise=0.6, seed=0, last=10_000.0):
    """Runs whose log time of change, in multiples of t_mem, is a sum of decay, share and luck.

    Half of the configurations change late or never. `truth(run)` is the log of the time of change; signals are columns
    whose scores are known: `oracle`, `noise`, `time`, `leak` (the configuration's number, hashed).
    """
    rng = np.random.default_rng(seed)
    n = configurations * seeds
    which = np.repeat(np.arange(configurations), seeds)
    decay = rng.choice([0.1, 0.3, 1.0, 3.0], configurations)[which]
    share = rng.choice([0.3, 0.4, 0.5, 0.6], configurations)[which]
    t_mem = np.round(np.exp(rng.normal(4.5, 0.3, n)))
    mean = 3.0 - 0.9 * np.log(decay) - 6 * (share - 0.45) + rng.normal(0, 0.8, configurations)[which]
    truth = np.maximum(mean + noise * rng.standard_normal(n), 0.2)  # log of half / t_mem
    half = np.exp(truth) * t_mem
    task = np.where(which % 2, "addition", "multiplication")
    model = np.where(which // 2 % 2, "MLP", "Transformer")
    optimizer = np.where(which // 4 % 2, "AdamW", "SGD")
    evaluation = np.unique(np.round(np.logspace(0, np.log10(last), 60)))
    crossed = np.array([evaluation[np.searchsorted(evaluation, min(each, last))] for each in half])
    half = np.where(half <= last, crossed, np.nan)
    step = np.round(t_mem[:, None] * np.array(CLOCKS)[None, :])
    step = np.where(step <= last, step, np.nan)
    reached = half[:, None] <= step
    logs, log_half = np.log(evaluation)[None, :], (truth + np.log(t_mem))[:, None]
    accuracy = 1 / (1 + np.exp(-8 * (logs - log_half)))
    hashed = np.random.default_rng(7).permutation(configurations)[which].astype(float)
    by_clock = np.ones((1, len(CLOCKS)))
    columns = {
        "oracle": -truth[:, None] * by_clock,
        "noise": rng.standard_normal((n, len(CLOCKS))),
        "time": step,
        "leak": hashed[:, None] * by_clock + 1,
        "test_loss_slope": rng.standard_normal((n, len(CLOCKS))) - 0.3 * truth[:, None],
    }
    data = {
        **{
            f"hyper_{name}": ("run", each) for name, each in (("weight_decay", decay), ("train_share", share))
        },
        "memorised": ("run", t_mem),
        "half": ("run", half),
        "generalised": ("run", np.where(half * 1.5 <= last, half * 1.5, np.nan)),
        "last": ("run", np.full(n, last)),
        "step": (("run", "clock"), step),
        "test_accuracy": (("run", "clock"), np.where(reached, 0.9, 0.03)),
        "train_accuracy": (("run", "clock"), np.ones_like(step)),
        "curve_step": ("evaluation", evaluation),
        "curve_test_accuracy": (("run", "evaluation"), accuracy),
        "curve_train_accuracy": (("run", "evaluation"), np.clip(evaluation[None, :] / t_mem[:, None], 0, 1)),
        "curve_test_loss": (("run", "evaluation"), 4 * (1 - accuracy) + 1e-3),
        "curve_train_loss": (("run", "evaluation"), 1 / (evaluation[None, :] + t_mem[:, None])),
        "curve_norm": (("run", "evaluation"), 30 - 10 * accuracy),
        **{
            f"signal_{name}": (("run", "clock"), each, {"sees": "oracle", "units": "1", "source": "made up"})
            for name, each in columns.items()
        },
    }
    configuration = [f"{task[i]} {model[i]} {optimizer[i]} number {which[i]}" for i in range(n)]
    coords = {
        "clock": list(CLOCKS),
        "task": ("run", task),
        "model": ("run", model),
        "optimizer": ("run", optimizer),
        "kind": ("run", np.full(n, "ordinary")),
        "configuration": ("run", configuration),
        "seed": ("run", np.tile(np.arange(seeds), configurations)),
    }
    return xr.Dataset(data, coords).assign(truth=("run", truth))
