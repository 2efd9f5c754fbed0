"""Does the local learning coefficient fall when a circuit is cleaned up, and tell grokking from memorising?

Prediction (Lau et al. 2023, arXiv:2308.12108; devinterp's example of modular addition, which shows one network and no
control): from when the train inputs are fitted to the end, λ̂ falls in networks that grok; it falls by more, as a
share, than in networks that only memorise (no weight decay) and in networks on a random table; at the end, the three
are told apart.

Refuted if λ̂ does not fall in any network that groks, if it falls by as much in a control, or if the values at the end
overlap. All is asked at two temperatures, for λ̂ depends on how far the chains may go; a claim that holds at one of
them alone is undecided. So is one that rests on an estimate whose chains are not healthy.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import trained
from analyses.result import of_run

import groklens as gl

RUNS = ()
KINDS = ("grokking", "memorising", "random_table")
SEEDS = (2, 3, 4)
#: From the first on, each network fits its train inputs; chosen, as the chains were, on seeds 0 and 1.
STEPS = (200, 600, 1600, 8000)
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(31),
    model=gl.MLP(d_mlp=64, d_embed=16),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
    train_fraction=0.6,
    steps=STEPS[-1],
    keep=gl.Steps(STEPS),
)
#: devinterp's temperature and pull, and one at which chains stay nearer and feel the loss more.
CHAINS = {
    "warm": gl.measures.LLC(epsilon=6e-3, gamma=5.0, n_beta=2.0, draws=1200, burn_in=300),
    "cold": gl.measures.LLC(epsilon=1e-3, gamma=50.0, n_beta=30.0, draws=400, burn_in=200),
}
BESIDE = {
    "test_accuracy": ("test accuracy", "accuracy"),
    "train_accuracy": ("train accuracy", "accuracy"),
    "sum_squared_weights": ("sum of squared weights", "squared norm"),
}
SOURCE = "Lau et al. 2023, arXiv:2308.12108; devinterp, example of grokking"


def measure(smoke: bool = False) -> dict[str, Any]:
    """λ̂ over training for networks of three kinds, at two temperatures, with its health and what stands beside it."""
    base, chains, seeds = RECIPE, CHAINS, SEEDS
    if smoke:
        base = replace(RECIPE, task=gl.ModularArithmetic(7), steps=40, keep=gl.Steps((20, 40)))
        chains = {name: replace(each, draws=20, burn_in=5) for name, each in CHAINS.items()}
        seeds = SEEDS[:1]
    runs = trained(
        [of_kind(base, kind, seed) for kind in KINDS for seed in seeds],
        None if smoke else Path(__file__).parent / "runs",
    )
    every = [step for step in runs[0].steps if step]
    numbers = {name: table_of(runs, seeds, name, every, *words) for name, words in BESIDE.items()}
    for name, llc in chains.items():
        steps = (
            every if name == "cold" else [every[0], every[-1]]
        )  # warm chains mix slowly, and need many draws
        units = f"effective parameters / 2 (nβ {llc.n_beta:g}, γ {llc.gamma:g})"
        found = table_of(runs, seeds, llc, steps, "λ̂", units)
        numbers |= {f"{name}_{each}": found.sel(quantity=each, drop=True) for each in ("value", "stderr")}
    kept = {
        f"{run.task.name}, weight decay {run.recipe.optimizer.weight_decay:g}, seed {run.recipe.seed}": of_run(
            run
        )
        for run in runs
    }
    return numbers | {"runs": kept}


def table_of(
    runs: list[gl.Run], seeds: Sequence[int], measure: Any, steps: list[int], called: str, units: str
) -> xr.Dataset:
    """A measure of runs, which are in the order of kinds and then seeds, as a table seed × step with a kind each."""
    tables = [gl.track(run, measure, steps=steps) for run in runs]
    columns = [next(iter(each.data_vars.values())) for each in tables]
    table = xr.Dataset()
    for i, kind in enumerate(KINDS):
        own = xr.concat(columns[i * len(seeds) : (i + 1) * len(seeds)], dim="seed").assign_coords(
            seed=list(seeds)
        )
        words = {"long_name": f"{called}, {kind.replace('_', ' ')}", "units": units}
        table[kind] = own.transpose("seed", "step", ...).assign_attrs(words)
    return table


def of_kind(recipe: gl.Recipe, kind: str, seed: int) -> gl.Recipe:
    """The recipe itself, without weight decay, or on a random table: each differs from the first in one thing."""
    if kind == "memorising":
        recipe = replace(recipe, optimizer=replace(recipe.optimizer, weight_decay=0.0))
    elif kind == "random_table":
        recipe = replace(recipe, task=gl.RandomTable(recipe.task.p, seed=1000 + seed))
    return replace(recipe, seed=seed)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    found = [falls(numbers), falls_by_more(numbers), tells_apart(numbers)]
    unlike = not_as_called(numbers)
    if unlike:  # nothing is decided by networks that are not what they stand for
        found = [replace(each, verdict="undecided", note="; ".join([*unlike, each.note])) for each in found]
    return [*found, controls_fall_too(numbers), norm_tells_them_apart(numbers)]


def not_as_called(numbers: dict[str, Any]) -> list[str]:
    """What is amiss with the networks: train inputs not fitted, no grokking, or generalising without being asked to."""
    train, test = numbers["train_accuracy"], numbers["test_accuracy"]
    amiss = [
        f"{kind}: train inputs not fitted from the first step on"
        for kind in KINDS
        if float(train[kind].min()) < 0.99
    ]
    if float(test["grokking"][:, -1].min()) < 0.99:
        amiss.append(f"a network does not grok: test accuracy {float(test['grokking'][:, -1].min()):.3f}")
    if float(test["grokking"][:, 0].max()) > 0.5:
        amiss.append("a network generalises before the first step")
    amiss += [f"{kind}: generalises" for kind in KINDS[1:] if float(test[kind].max()) > 0.5]
    return amiss


def of_both(one: Callable[[str], str]) -> Any:
    """A verdict that holds at every temperature, else undecided."""
    verdicts = {one(name) for name in CHAINS}
    return verdicts.pop() if len(verdicts) == 1 else "undecided"


def left(numbers: dict[str, Any], name: str, kind: str) -> np.ndarray:
    """λ̂ at the end as a share of that when the train inputs were fitted, by seed; nan where either is unhealthy."""
    values = numbers[f"{name}_value"][kind].values
    return values[:, -1] / values[:, 0]


def is_less(numbers: dict[str, Any], name: str, kind: str) -> np.ndarray:
    """Whether λ̂ is less at the end than at first, by more than two standard errors of the difference, by seed."""
    values, errors = (numbers[f"{name}_{quantity}"][kind].values for quantity in ("value", "stderr"))
    return values[:, 0] - values[:, -1] > 2 * np.hypot(errors[:, 0], errors[:, -1])


def missing(numbers: dict[str, Any], name: str, kinds: tuple[str, ...] = KINDS) -> bool:
    """Whether an estimate at the first or the last step is not to be believed."""
    return any(bool(np.isnan(left(numbers, name, kind)).any()) for kind in kinds)


def shares(numbers: dict[str, Any], kinds: tuple[str, ...]) -> tuple[gl.Control, ...]:
    """The share of λ̂ that is left, by temperature and kind, as controls; none of what is missing."""
    found = {(name, kind): left(numbers, name, kind) for name in CHAINS for kind in kinds}
    return tuple(
        gl.Control.of(
            f"{kind.replace('_', ' ')}, {name}", each[~np.isnan(each)].tolist(), key=f"{kind}_{name}"
        )
        for (name, kind), each in found.items()
        if not np.isnan(each).all()
    )


def said(numbers: dict[str, Any]) -> str:
    """How many estimates are missing, at each temperature."""
    counts = {name: [numbers[f"{name}_value"][kind].isnull().values for kind in KINDS] for name in CHAINS}
    return "not healthy: " + ", ".join(
        f"{np.sum(each)} of {np.size(each)} {name}" for name, each in counts.items()
    )


def number(values: list[float]) -> float | None:
    """The largest of numbers, none where one is missing."""
    return None if np.isnan(values).any() else float(max(values))


def falls(numbers: dict[str, Any]) -> gl.Finding:
    """λ̂ falls while a network groks."""

    def verdict(name: str) -> str:
        if missing(numbers, name, ("grokking",)):
            return "undecided"
        less = is_less(numbers, name, "grokking")
        return "supported" if less.all() else "undecided" if less.any() else "refuted"

    worst = number([share for name in CHAINS for share in left(numbers, name, "grokking")])
    return gl.Finding(
        "λ̂ falls in networks that grok, from when the train inputs are fitted to the end",
        worst,
        "share of λ̂ that is left, most of seeds and temperatures",
        of_both(verdict),
        shares(numbers, ("grokking",)),
        source=SOURCE,
        note=said(numbers),
        key="falls",
    )


def falls_by_more(numbers: dict[str, Any]) -> gl.Finding:
    """It falls by more than in networks that memorise."""

    def verdict(name: str) -> str:
        if missing(numbers, name):
            return "undecided"
        grok, *controls = (left(numbers, name, kind) for kind in KINDS)
        if all(grok.max() < each.min() for each in controls):
            return "supported"
        return "refuted" if any(grok.mean() >= each.mean() for each in controls) else "undecided"

    ratios = [
        left(numbers, name, "grokking").max() / left(numbers, name, kind).min()
        for name in CHAINS
        for kind in KINDS[1:]
    ]
    return gl.Finding(
        "λ̂ falls by more in networks that grok than in those that only memorise, or on a random table",
        number(ratios),
        "share left, most of those that grok, over least of a control; below 1 it falls by more",
        of_both(verdict),
        shares(numbers, KINDS[1:]),
        source="ours: what the example lacks",
        note=said(numbers),
        key="falls_by_more",
    )


def overlapping(table: xr.Dataset) -> list[str]:
    """The pairs of kinds whose values at the end overlap."""
    ends = {kind: table[kind].values[:, -1] for kind in KINDS}
    return [
        f"{one} and {other}".replace("_", " ")
        for one, other in combinations(KINDS, 2)
        if ends[one].max() >= ends[other].min() and ends[other].max() >= ends[one].min()
    ]


def at_the_end(table: xr.Dataset, name: str = "") -> tuple[gl.Control, ...]:
    """The values at the end, by kind."""
    ends = {kind: table[kind].values[:, -1] for kind in KINDS}
    return tuple(
        gl.Control.of(
            f"{kind.replace('_', ' ')} {name}".strip(),
            each[~np.isnan(each)].tolist(),
            key=f"{kind}{name and '_'}{name}",
        )
        for kind, each in ends.items()
        if not np.isnan(each).all()
    )


def tells_apart(numbers: dict[str, Any]) -> gl.Finding:
    """At the end the three kinds are told apart."""
    pairs = {name: overlapping(numbers[f"{name}_value"]) for name in CHAINS}

    def verdict(name: str) -> str:
        if bool(np.isnan([numbers[f"{name}_value"][kind].values[:, -1] for kind in KINDS]).any()):
            return "undecided"
        return "refuted" if pairs[name] else "supported"

    overlaps = "; ".join(f"{name}: {', '.join(each)} overlap" for name, each in pairs.items() if each)
    return gl.Finding(
        "λ̂ at the end tells apart networks that grok, that only memorise, and on a random table",
        sum(len(each) for each in pairs.values()),
        "pairs of kinds that overlap, of 6",
        of_both(verdict),
        tuple(each for name in CHAINS for each in at_the_end(numbers[f"{name}_value"], name)),
        source="ours",
        note="; ".join([*filter(None, [overlaps]), said(numbers)]),
        key="tells_apart",
    )


def controls_fall_too(numbers: dict[str, Any]) -> gl.Finding:
    """A fall alone is no sign of grokking."""
    falling = [
        f"{kind.replace('_', ' ')}, {name}"
        for name in CHAINS
        for kind in KINDS[1:]
        if is_less(numbers, name, kind).all()
    ]
    gaps = any(missing(numbers, name, KINDS[1:]) for name in CHAINS)
    return gl.Finding(
        "beside the question: a fall alone is no sign of grokking, for λ̂ falls in controls too, at one temperature",
        len(falling),
        "controls that fall in every seed, of 4 (two kinds, two temperatures)",
        "supported" if falling else "undecided" if gaps else "refuted",
        shares(numbers, KINDS[1:]),
        source="ours",
        note=", ".join(falling),
        key="controls_fall_too",
        role="aside",
    )


def norm_tells_them_apart(numbers: dict[str, Any]) -> gl.Finding:
    """The rival: the sum of squared weights, which needs no chains."""
    table = numbers["sum_squared_weights"]
    pairs = overlapping(table)
    return gl.Finding(
        "beside the question: the sum of squared weights at the end tells the three apart as well",
        len(pairs),
        "pairs of kinds that overlap, of 3",
        "refuted" if pairs else "supported",
        at_the_end(table),
        source="ours: a rival that needs no chains",
        note=", ".join(pairs),
        key="norm_tells_apart",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """λ̂ at both temperatures (warm: at the ends alone) and the test accuracy over training, each seed a line."""
    parts = {name: numbers[f"{name}_value"] for name in CHAINS} | {"test": numbers["test_accuracy"]}
    drawn = {
        f"{name}_{kind}": part[kind].assign_attrs(
            long_name=part[kind].attrs["long_name"].replace("λ̂", f"λ̂ {name}")
        )
        for name, part in parts.items()
        for kind in KINDS
    }
    aligned = xr.align(*drawn.values(), join="outer")
    return gl.views.sweep(xr.Dataset(dict(zip(drawn, aligned, strict=True))))
