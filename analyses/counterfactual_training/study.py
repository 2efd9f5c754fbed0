"""What if training had gone on otherwise: what does each change undo or delay, before, while and after a circuit forms?

Prediction (Nanda et al. 2023, arXiv:2301.05217; Varma et al. 2023, arXiv:2309.02390): without weight decay, or at a
tenth of the rate, a network that has memorised generalises later than it would have, at least twice as late or not at
all, before the circuit forms and while it does; once it has generalised neither undoes that. Prediction (Varma et al.,
section 5): a network that has generalised and goes on with less data than the critical share loses it again
(ungrokking), and with fewer inputs but more than that share it does not. Prediction (ours): the circuit projected out
of embedding and read-out undoes generalising at once, and while it forms delays it, more than a random change of the
same size does.

Refuted if what is taken away delays nothing, if removing decay or rate undoes what was learned, if test accuracy stays
after the cut below the critical share, or if the random change does as much. A fork with no change is the control.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.counterfactual_training.claims import findings
from analyses.models import scratch
from analyses.result import of_run
from torch import Tensor

import groklens as gl

RUNS = ()
SEEDS = 3
PLACES = ("before", "within", "after")
#: Shares of the inputs below the critical one and above it, beside the parent's.
BELOW, ABOVE, WHOLE = 0.3, 0.7, 0.8
#: Weights and optimiser are kept so often, and a fork after generalising leaves so many updates later.
EVERY, RESTED = 50, 200
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(31),
    model=gl.MLP(d_mlp=64, d_embed=32),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=2.0),
    train_fraction=WHOLE,
    steps=1500,
    evaluate_every=25,
    keep=gl.Every(EVERY),
)
#: What a fork changes of the recipe; the last two change weights.
CHANGES: dict[str, dict[str, Any]] = {
    "none": {},
    "decay removed": {"optimizer.weight_decay": 0.0},
    "rate cut": {"optimizer.lr": RECIPE.optimizer.lr / 10},
    "data cut below": {"train_fraction": BELOW},
    "data cut above": {"train_fraction": ABOVE},
    "circuit removed": {},
    "random change": {},
}


def measure(smoke: bool = False) -> dict[str, Any]:
    """Test accuracy over steps of every fork of every parent, and how far forks without a change are from it."""
    recipe, seeds = RECIPE, SEEDS
    if smoke:
        small = replace(RECIPE.model, d_mlp=16, d_embed=8)
        recipe, seeds = replace(RECIPE, task=gl.ModularArithmetic(7), model=small, steps=150), 1
    folder = scratch() if smoke else Path(__file__).parent / "runs"
    lives, parents = [], {}
    for seed in range(seeds):
        own, kept = replace(recipe, seed=seed), range(0, recipe.steps, EVERY)
        parent = gl.train(own, folder / f"parent-{seed}", keep_optimizer=kept)
        parents[f"parent, seed {seed}"] = of_run(parent)
        lives.append(lives_of(parent, folder / f"forks-{seed}"))
    return {"lives": xr.concat(lives, "seed").assign_coords(seed=list(range(seeds))), "runs": parents}


def lives_of(parent: gl.Run, folder: Path) -> xr.Dataset:
    """Every fork of one parent: accuracy on the parent's test inputs (place, change, step), its own steps before."""
    steps, circuit = places(parent), circuit_of(parent)
    before, rows, apart = accuracies(parent, parent), [], []
    for place, step in steps.items():
        forks = {
            change: forked(parent, step, change, circuit, folder / f"{place}, {change}") for change in CHANGES
        }
        apart.append(furthest(forks["none"], parent))
        rows.append([list((before | accuracies(fork, parent)).values()) for fork in forks.values()])
    coords = {"place": list(steps), "change": list(CHANGES), "step": list(before)}
    table = xr.Dataset(
        {
            "accuracy": (
                ("place", "change", "step"),
                rows,
                {"long_name": "test accuracy", "units": "accuracy"},
            ),
            "forked_at": ("place", [float(step) for step in steps.values()]),
            "apart": ("place", apart),
            "memorised": float(gl.sweeps.events_of(parent)["memorised"]),
            "components": float(len(circuit.components)),
        },
        coords,
    )
    return table.assign_coords(step=("step", list(before), {"long_name": "training step"}))


def places(parent: gl.Run) -> dict[str, int]:
    """The kept steps nearest after memorising, half-way to generalising, and some updates after that."""
    events, last = gl.sweeps.events_of(parent), parent.steps[-1] - EVERY
    known, generalised = (float(events[name]) for name in ("memorised", "generalised"))
    known = EVERY if np.isnan(known) else known
    generalised = last - RESTED if np.isnan(generalised) else generalised
    wanted = known, (known + generalised) / 2, generalised + RESTED
    chosen = (max(EVERY, min(last, EVERY * int(np.ceil(step / EVERY)))) for step in wanted)
    return dict(zip(PLACES, chosen, strict=True))


def circuit_of(parent: gl.Run) -> gl.Circuit:
    """The circuit that the parent ends with; where it has none, its first component."""
    group = f"C{parent.task.d_vocab_out}"
    return gl.find_circuit(parent.final) or gl.Circuit(group, [1])


def forked(parent: gl.Run, step: int, change: str, circuit: gl.Circuit, into: Path) -> gl.Run:
    """The fork of a parent with one change."""
    weights = parent.at(step).model.state_dict()
    cut = without(weights, circuit)
    given = {"circuit removed": cut, "random change": as_far(weights, cut)}.get(change)
    into.parent.mkdir(parents=True, exist_ok=True)
    return gl.fork(parent, step, into, weights=given, **CHANGES[change])


def without(weights: Mapping[str, Tensor], circuit: gl.Circuit) -> dict[str, Tensor]:
    """The weights with the circuit's functions of the elements projected out of embedding and read-out."""
    read_out = "unembed.W_U"
    turned = {name: each.T if name == read_out else each for name, each in weights.items()}
    found = without_rows(turned, circuit, ("W_E", read_out))
    return found | {read_out: found[read_out].T}


def without_rows(
    weights: Mapping[str, Tensor], circuit: gl.Circuit, names: tuple[str, ...]
) -> dict[str, Tensor]:
    """The weights with the circuit's functions projected out of matrices whose first rows are the elements."""
    basis = gl.harmonics.chosen_basis(circuit.group, circuit.components).float()
    n = circuit.group.order
    found = {name: each.clone() for name, each in weights.items()}
    for name in names:
        found[name][:n] -= basis @ (basis.T @ found[name][:n])
    return found


def as_far(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights moved as far as `others` are, matrix by matrix, in a random direction."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name, each in weights.items():
        noise = torch.randn(each.shape, generator=generator)
        found[name] = each + noise * ((others[name] - each).norm() / noise.norm())
    return found


def accuracies(run: gl.Run, parent: gl.Run) -> dict[int, float]:
    """Accuracy of every kept step on the inputs that the parent was not trained on."""
    test, labels = parent.final.test_index, parent.task.labels
    return {
        step: float((run.at(step).logits[test].argmax(-1) == labels[test]).double().mean())
        for step in run.steps
    }


def furthest(fork: gl.Run, parent: gl.Run) -> float:
    """How far the test losses of a fork are from its parent's, at most."""
    theirs = parent.history["test_loss"].sel(step=fork.history["step"])
    return float(abs(fork.history["test_loss"] - theirs).max())


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    return findings(numbers["lives"])


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Test accuracy of the first seed's forks, a panel for each place that they leave their parent at."""
    lives = numbers["lives"].isel(seed=0, drop=True)
    tables = {}
    for change in lives["change"].values.tolist():
        each = lives["accuracy"].sel(change=change, drop=True)
        tables[change] = xr.Dataset(
            {place: each.sel(place=place, drop=True).assign_attrs(title_of(lives, place)) for place in PLACES}
        )
    return gl.views.curves(tables, log_steps=False)


def title_of(lives: xr.Dataset, place: str) -> dict[str, str]:
    """What a panel of the picture is called."""
    step = int(lives["forked_at"].sel(place=place))
    return {"long_name": f"test accuracy, {place} (from step {step:,})", "units": "accuracy"}
