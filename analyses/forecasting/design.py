"""The runs of the library of forecasts: tasks × models × optimisers, and the kinds that must be among them."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

import groklens as gl

#: Updates of a run, by task and model: ten times the step at the first two clocks, for most.
STEPS = {
    ("subtraction", "MLP"): 6000,
    ("composition", "MLP"): 3080,
    ("subtraction", "Transformer"): 2320,
    ("composition", "Transformer"): 2320,
}
EVERY = 10
#: Kept steps, log-spaced; those from 100 on are evaluated too, and are where curves are known.
KEPT = tuple(
    int(each)
    for each in np.unique(
        np.r_[
            np.geomspace(10, 100, 16).round(),
            (np.geomspace(100, 6000, 44) / EVERY).round() * EVERY,
        ]
    )
)
SEEDS = 3
#: Seeds of the runs that no forecast is fitted on begin here.
FRESH = 1000
MODELS: dict[str, Any] = {
    "MLP": gl.MLP(d_mlp=64, d_embed=None, act_fn="quadratic", bias=False),
    "Transformer": gl.Transformer(d_model=32, n_heads=2, d_head=16, d_mlp=64),
}
OPTIMIZERS: dict[str, Any] = {"AdamW": gl.AdamW, "Adam": gl.recipes.Adam}
TASKS: dict[str, gl.Task] = {
    "subtraction": gl.ModularArithmetic(23, "sub"),
    "composition": gl.GroupComposition("S4"),
}
#: Learning rate, shares of ordinary runs, and a share on which nothing generalises, by model.
RATE = {"MLP": 5e-3, "Transformer": 2e-2}
SHARES = {"MLP": (0.4, 0.5, 0.65), "Transformer": (0.6, 0.7, 0.8)}
BELOW_CRITICAL = {"MLP": 0.15, "Transformer": 0.25}
#: Decays of ordinary runs: decoupled from the gradient, or a part of it.
DECAYS = {
    ("MLP", "AdamW"): (0.1, 0.5, 2.0),
    ("MLP", "Adam"): (5e-5, 2e-4, 1e-3),
    ("Transformer", "AdamW"): (0.3, 1.0, 2.0),
    ("Transformer", "Adam"): (1e-4, 3e-4, 1e-3),
}


@dataclass(frozen=True)
class Configuration:
    """Everything but the seed: what a run is of, by name, and its hyper-parameters."""

    fold: str
    model: str
    optimizer: str
    kind: str
    share: float
    decay: float
    rate: float

    def recipe(self, seed: int) -> gl.Recipe:
        """The recipe of one run."""
        task = TASKS[self.fold]
        return gl.Recipe(
            task=random_table(task) if self.kind == "random_table" else task,
            model=MODELS[self.model],
            optimizer=OPTIMIZERS[self.optimizer](lr=self.rate, weight_decay=self.decay),
            train_fraction=self.share,
            steps=STEPS[self.fold, self.model],
            evaluate_every=EVERY,
            keep=gl.Steps([each for each in KEPT if each <= STEPS[self.fold, self.model]]),
            seed=seed,
        )


def random_table(task: gl.Task) -> gl.Task:
    """The task's inputs with labels at random, and its group to look for: structure that is not there, as a control."""
    assert task.symmetry is not None
    n = task.symmetry.group.order
    labels = np.random.default_rng(n).integers(0, n, len(task.labels)).tolist()
    return gl.TableTask(
        task.inputs,
        labels,
        group=task.symmetry.group,
        operands=task.operand_positions,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        name=f"random table {n}",
    )


def configurations() -> list[Configuration]:
    """The 104 configurations: nine ordinary ones and four kinds of others for every task, model and optimiser."""
    found = []
    for fold, model, optimizer in product(TASKS, MODELS, OPTIMIZERS):
        shares, decays, rate = SHARES[model], DECAYS[model, optimizer], RATE[model]
        rows = [("ordinary", share, decay, rate) for share, decay in product(shares, decays)]
        rows += [
            ("below_critical", BELOW_CRITICAL[model], decays[1], rate),
            ("no_decay", shares[1], 0.0, rate),
            ("random_table", shares[1], decays[1], rate),
            ("plateau", shares[2], decays[0] / 2, rate / 3),  # known soon, and a rise that is long in coming
        ]
        found += [Configuration(fold, model, optimizer, *row) for row in rows]
    return found


def library_runs() -> list[tuple[Configuration, int]]:
    """Configuration and seed of every run of the library."""
    return [(each, seed) for each in configurations() for seed in range(SEEDS)]


def fresh_runs(count: int = 60) -> list[tuple[Configuration, int]]:
    """Runs for a last test, of as many configurations of the same design, with seeds that the library has not."""
    drawn = np.random.default_rng(FRESH).permutation(len(configurations()))[:count]
    return [(configurations()[i], FRESH + k) for k, i in enumerate(sorted(drawn))]
