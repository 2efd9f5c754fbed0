"""Where in the plane of weight decay and data does a network grok, and what sets how long it takes?

Prediction (Liu et al. 2022, arXiv:2205.10343): over weight decay and the share of the inputs trained on there are four
phases, comprehension, grokking, memorisation and confusion. Prediction (Power et al. 2022, arXiv:2201.02177): there is
a critical share below which nothing generalises by the last step, and decay shortens the delay. Prediction
(arXiv:2603.13331, abstract): the delay from memorising to generalising is c · ln(‖θ_mem‖² / ‖θ_post‖²) / (lr · decay),
with one c for all. Prediction (arXiv:2606.18465, abstract): the logit scale explains the delay; that it does so by a
power of the scale when the train inputs are first known is our reading. The laws are fitted on every other
configuration and judged on the rest, by turns.

Refuted if two of the four phases or more are absent, if the smallest share generalises as often as the largest, if the
delay rises with decay, or if a law foresees the delays of other configurations no better than their mean does, or worse
than 1 / (lr · decay) does alone.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import scratch
from analyses.phase_diagram.laws import delay_laws
from analyses.result import of_run

import groklens as gl

RUNS = ()
DECAYS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SEEDS = 5
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(23),
    model=gl.MLP(d_mlp=64, d_embed=None, combine="sum", act_fn="quadratic", bias=False),
    optimizer=gl.AdamW(lr=1e-2),
    steps=2000,
    evaluate_every=20,
    keep=gl.LogSpaced(24),
)
#: What the laws speak of, at the steps at which train and test inputs are first known.
WATCHED = ("sum_squared_weights", "logit_scale")
#: Generalising comes late when the train inputs have been known for so many times as long as it took to know them.
TIMES_AS_LATE = 10
NEARLY_ALL = 4 / 5


def measure(smoke: bool = False) -> dict[str, Any]:
    """When each run of the plane memorised and generalised, and its weights and logits then."""
    recipe, decays, shares, seeds = RECIPE, DECAYS, SHARES, SEEDS
    if smoke:
        small = replace(RECIPE.model, d_mlp=16)
        recipe = replace(RECIPE, task=gl.ModularArithmetic(7), model=small, steps=80, keep=gl.LogSpaced(4))
        decays, shares, seeds = (0.1, 1.0), (0.5, 0.7), 2
    over = {"optimizer.weight_decay": decays, "train_fraction": shares, "seed": range(seeds)}
    runs = gl.Sweep(recipe, over).run(scratch() if smoke else Path(__file__).parent / "runs", stack=30)
    events = runs.events()
    tracked = runs.track(WATCHED)
    for name in WATCHED:
        for event in ("memorised", "generalised"):
            events[f"{name}_{event}"] = between_steps(tracked[name], events[event])
    events["test"] = runs.history()["test_accuracy"].isel(step=-1, drop=True)
    kept = {run.path.name: of_run(run) for run in runs}
    return {"plane": events.assign_attrs(rate=recipe.optimizer.lr, every=recipe.evaluate_every), "runs": kept}


def between_steps(values: xr.DataArray, when: xr.DataArray) -> xr.DataArray:
    """The value of every run at a step of its own, between kept ones in proportion, on logarithms; nan for none."""
    steps = values["step"].values

    def one(row: np.ndarray, step: float) -> float:
        known = np.isfinite(row) & (row > 0)
        return float(np.exp(np.interp(step, steps[known], np.log(row[known])))) if known.any() else np.nan

    found = xr.apply_ufunc(one, values, when, input_core_dims=[["step"], []], vectorize=True)
    return found.where(when.notnull()).assign_attrs(values.attrs)


def late(plane: xr.Dataset) -> float:
    """The delay, in updates, from which generalising counts as late."""
    return TIMES_AS_LATE * float(plane["memorised"].median())


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    plane = numbers["plane"]
    table = gl.sweeps.over_seeds(plane, late(plane))
    return [
        four_phases(table),
        critical_share(table),
        decay_hastens(plane),
        too_much(table),
        *delay_laws(plane),
    ]


def four_phases(table: xr.Dataset) -> gl.Finding:
    """Every phase is that of most seeds somewhere."""
    found = {name: int((table["phase"] == name).sum()) for name in gl.sweeps.PHASES}
    present = sum(count > 0 for count in found.values())
    return gl.Finding(
        "comprehension, grokking, memorisation and confusion are each the phase of most seeds somewhere in the plane",
        present,
        "phases of four",
        "supported" if present == 4 else "undecided" if present == 3 else "refuted",
        gl.Control.several({"agree": ("seeds in the phase of most, by configuration", table["phase_share"])}),
        source="Liu et al. 2022, figure 6",
        note=", ".join(f"{name} {count}" for name, count in found.items())
        + f" of {table['phase'].size} configurations; late is more than {table['phase'].attrs['late']:g} updates after "
        "the train inputs are known",
        key="four_phases",
    )


def critical_share(table: xr.Dataset) -> gl.Finding:
    """With decay, no seed generalises on the smallest share and nearly all do on the largest."""
    shares = table["generalised_share"].sel(weight_decay=table["weight_decay"] > 0)
    learned = (table["phase"] != "confusion").sel(weight_decay=shares["weight_decay"]).isel(train_fraction=-1)
    few, many = (shares.isel(train_fraction=i).values[learned.values] for i in (0, -1))
    verdict = "undecided"
    if len(few) and few.max() == 0 and many.min() >= NEARLY_ALL:
        verdict = "supported"
    elif not len(few) or (many <= few).all():
        verdict = "refuted"
    critical = {
        f"{float(row['weight_decay']):g}": least_share(row)
        for row in shares
        if float(row.max()) >= NEARLY_ALL
    }
    return gl.Finding(
        "there is a critical share: at every decay that lets the train inputs be learned no seed generalises on the "
        "smallest share, and nearly all do on the largest",
        float(many.mean()) if len(many) else None,
        "seeds that generalise on the largest share",
        verdict,
        gl.Control.several({"smallest": ("on the smallest share", few)}) if len(few) else (),
        source="Power et al. 2022, figure 1; by the last step",
        note="least share on which nearly all seeds generalise, by decay: "
        + (", ".join(f"{decay}: {share:g}" for decay, share in critical.items()) or "none"),
        key="critical_share",
    )


def least_share(row: xr.DataArray) -> float:
    """The least share of the inputs from which on nearly all seeds generalise."""
    return float(row["train_fraction"].values[np.flatnonzero(row.values >= NEARLY_ALL)[0]])


def decay_hastens(plane: xr.Dataset) -> gl.Finding:
    """Among configurations in which every seed generalised, more decay is a shorter delay at every share."""
    whole = plane["delay"].where(plane["generalised"].notnull().all("seed")).median("seed")
    slopes = {}
    for share in whole["train_fraction"].values.tolist():
        line = whole.sel(train_fraction=share)
        known = np.isfinite(line.values) & (line["weight_decay"].values > 0)
        if known.sum() >= 3:
            x, y = np.log(line["weight_decay"].values[known]), np.log(np.maximum(line.values[known], 1))
            slopes[share] = float(np.polyfit(x, y, 1)[0])
    none = (
        plane["generalised"].sel(weight_decay=0.0).notnull() if 0.0 in plane["weight_decay"].values else None
    )
    weakest = (
        {} if none is None else {"no_decay": ("share of runs that generalise without decay", none.mean())}
    )
    found = np.array(list(slopes.values()))
    return gl.Finding(
        "the more weight decay, the shorter the delay from memorising to generalising",
        float(found.mean()) if len(found) else None,
        "slope of log delay over log decay, mean of the shares",
        "undecided"
        if len(found) < 2
        else "supported"
        if found.max() < 0
        else "refuted"
        if found.min() > 0
        else "undecided",
        gl.Control.several(weakest),
        source="Power et al. 2022, section 3.3; −1 if the delay is in proportion to 1 / (lr · decay)",
        note="by share: "
        + (", ".join(f"{share:g}: {slope:.2f}" for share, slope in slopes.items()) or "too few"),
        key="decay_hastens",
    )


def too_much(table: xr.Dataset) -> gl.Finding:
    """At the strongest decay nothing generalises, and at a weaker one something does."""
    shares = table["generalised_share"]
    most, others = float(shares.isel(weight_decay=-1).max()), shares.isel(weight_decay=slice(None, -1)).values
    return gl.Finding(
        "beside the question: too much weight decay prevents it: at the strongest no seed generalises on any share",
        most,
        "seeds that generalise, most of the shares",
        "undecided" if others.max() < NEARLY_ALL else "supported" if most == 0 else "refuted",
        gl.Control.several({"weaker": ("at weaker decays", others)}),
        source="seen here before, and in Liu et al. 2022, figure 6",
        key="too_much",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """The plane of decay and share: each configuration's phase, and how many of its seeds generalised."""
    plane = numbers["plane"]
    return gl.views.phase_diagram(gl.sweeps.over_seeds(plane, late(plane)), colour="phase")


def other_pictures(numbers: dict[str, Any]) -> dict[str, gl.views.Figure]:
    """Beside it: the delays of the plane, and how runs survive ungeneralised by share."""
    plane = numbers["plane"]
    decay = plane["weight_decay"].values
    some = plane.sel(weight_decay=decay[(decay >= 0.1) & (decay <= 1)])
    return {
        "delay": gl.views.phase_diagram(gl.sweeps.over_seeds(plane, late(plane))),
        "survival": gl.views.survival(some, by="train_fraction"),
    }
