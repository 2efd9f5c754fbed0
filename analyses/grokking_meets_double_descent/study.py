"""Does a network grok over its width as it does over time, and does the pattern model foresee what is to come?

Prediction (Davies, Langosco and Krueger 2023, arXiv:2303.06173): at a fixed number of steps there are widths that fit
every train input and are wrong on test ones, and larger widths that are right (model-wise grokking); and since
slow patterns that generalise replace fast ones that do not, their model of three patterns, fitted to the first part
of the curves, foretells the rest better than a logistic curve, or the last value, does.

Refuted if test accuracy is high wherever train accuracy is, or low at every width; or if the pattern model's
forecast is no better than the baselines' in half of the runs. That it fits whole curves well is no evidence: it has
twelve parameters. The null is a random table of the same size: no width generalises, and none should be forecast to.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import trained
from analyses.result import of_run

import groklens as gl

RUNS = ()
P = 31
WIDTHS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
NULL_WIDTHS = (8, 16, 32, 64)
SEEDS = range(5)
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(P, "add"),
    model=gl.Transformer(n_layers=1, d_model=64, n_heads=2, d_head=16, d_mlp=256, act_fn="relu"),
    optimizer=gl.AdamW(lr=2e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
    steps=5000,
    evaluate_every=50,
    keep=gl.Steps([5000]),
)
#: Shares of the table trained on: with more, less is memorised.
SHARES = (0.5, 0.6)
FITTED, WRONG, RIGHT = 0.99, 0.5, 0.99
#: Where a forecaster stands: this many times the step at which the train inputs were fitted.
STANDS = (1, 2, 4)
#: A run of which more than this is still to come can be forecast.
TO_COME = 0.1
#: Better in this share of the runs is support, in half of them refutation.
MOST, HALF = 0.75, 0.5


def measure(smoke: bool = False) -> dict[str, Any]:
    """Sweeps over widths, of the task and of the null, and the forecasts along each run."""
    if smoke:
        small = replace(RECIPE, task=gl.ModularArithmetic(7, "add"), steps=60, evaluate_every=4)
        return _measured(small, (4, 8, 16), (8,), range(2), None, stands=(2,))
    return _measured(RECIPE, WIDTHS, NULL_WIDTHS, SEEDS, Path(__file__).parent / "runs")


def _measured(
    recipe: gl.Recipe,
    widths: Sequence[int],
    null_widths: Sequence[int],
    seeds: range,
    folder: Path | None,
    stands: Sequence[int] = STANDS,
) -> dict[str, Any]:
    sweeps, forecasts, kept = {}, [], {}
    chosen = [(f"share {share}", share, widths) for share in SHARES] + [("null", SHARES[-1], null_widths)]
    for name, share, sizes in chosen:
        each = replace(recipe, train_fraction=share)
        runs = trained([wide(each, width, seed, name == "null") for width in sizes for seed in seeds], folder)
        sweeps[name] = table_of(runs, sizes, seeds)
        for run in runs:
            label = f"{name}, width {run.recipe.model.d_model}, seed {run.recipe.seed}"
            kept[label] = of_run(run)
            kind = "null" if name == "null" else "task"
            forecasts += [{"kind": kind, "run": label, **one} for one in forecasts_of(run, stands)]
    return {**sweeps, "forecasts": forecasts, "runs": kept}


def wide(recipe: gl.Recipe, width: int, seed: int, null: bool) -> gl.Recipe:
    """The recipe at one width: heads, neurons and residual stream grow together."""
    model = replace(recipe.model, d_model=width, d_head=max(width // 2, 2), d_mlp=4 * width)
    task = gl.RandomTable(recipe.task.p, seed=seed) if null else recipe.task
    return replace(recipe, task=task, model=model, seed=seed, keep=gl.Steps([recipe.steps]))


def curves(run: gl.Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps at which both were evaluated, train accuracy, test accuracy."""
    history = run.history[["train_accuracy", "test_accuracy"]].dropna("step")
    history = history.sel(step=history["step"] > 0)
    return (
        history["step"].values.astype(float),
        history["train_accuracy"].values,
        history["test_accuracy"].values,
    )


def first_at(steps: np.ndarray, accuracy: np.ndarray, level: float) -> float:
    """The first evaluated step at which a level is reached, nan for never."""
    reached = accuracy >= level
    return float(steps[reached.argmax()]) if reached.any() else float("nan")


def table_of(runs: list[gl.Run], widths: Sequence[int], seeds: range) -> xr.Dataset:
    """Accuracies at the end, and when they were reached, by width and seed."""
    rows = [[of_width(run) for run in runs[i :: len(seeds)]] for i in range(len(seeds))]
    called = {
        "train": ("train accuracy", "accuracy"),
        "test": ("test accuracy", "accuracy"),
        "fitted_at": ("step at which train inputs are fitted", "updates"),
        "right_at": ("step at which test inputs are correct", "updates"),
    }
    return gl.theory.sweep_rows(("width", widths, "width of the residual stream"), list(seeds), rows, called)


def of_width(run: gl.Run) -> dict[str, float]:
    """The accuracies of one run at the end, and when they were reached."""
    steps, train, test = curves(run)
    reached = {"fitted_at": first_at(steps, train, FITTED), "right_at": first_at(steps, test, RIGHT)}
    return {"train": train[-1], "test": test[-1], **reached}


def forecasts_of(run: gl.Run, stands: Sequence[int]) -> list[dict[str, float]]:
    """Errors of each forecast of the rest of the curves, from a few times the step of memorising on.

    The clock is the logarithm of the step, on which both transitions have a width.
    """
    steps, train, test = curves(run)
    memorised = first_at(steps, train, FITTED)
    found = []
    for times in stands:
        stand = times * memorised
        seen = steps <= stand
        if not seen.sum() >= 4 or (~seen).sum() < 4 or test[seen][-1] > 1 - TO_COME:
            continue
        errors = gl.theory.forecast_errors(np.log(steps), train, test, until=float(np.log(stand)))
        found.append({"times": times, "came": float(test[-1] - test[seen][-1]), **errors})
    return found


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    null, forecasts = numbers["null"], numbers["forecasts"]
    sweeps = {share: numbers[f"share {share}"] for share in SHARES}
    return [
        *(model_wise(sweep, null, share) for share, sweep in sweeps.items()),
        *(later(sweep, share) for share, sweep in sweeps.items()),
        foresees(forecasts),
        false_alarms(forecasts),
        fits(forecasts),
        *(descent(sweep, share) for share, sweep in sweeps.items()),
    ]


def model_wise(sweep: xr.Dataset, null: xr.Dataset, share: float) -> gl.Finding:
    """Among the widths that fit, smaller ones are wrong and larger ones right."""
    fitted = (sweep["train"] >= FITTED).all("seed").values
    test = sweep["test"].isel(width=fitted)
    wrong, right = (test < WRONG).all("seed").values, (test >= RIGHT).all("seed").values
    widths = test["width"].values
    verdict = "undecided"
    if wrong.any() and right.any() and widths[right].max() > widths[wrong].min():
        verdict = "supported"
    elif fitted.sum() >= 2 and not (test < RIGHT - TO_COME).any():
        verdict = "refuted"  # whatever fits is right
    elif fitted.any() and not (test >= WRONG).any():
        verdict = "refuted"  # no width is right
    least = float(test.min()) if fitted.any() else None
    return gl.Finding(
        f"widths that fit every train input go from wrong to right as they grow, {share:.0%} trained on",
        least,
        "test accuracy, least of the widths that fit",
        verdict,
        gl.Control.several({"random_table": ("random table, test accuracy", null["test"].values)}),
        source="Davies et al. 2023, section 4",
        note=f"fitted by every seed at widths {_listed(sweep['width'].values[fitted])}; of these wrong (below "
        f"{WRONG}) in every seed: {_listed(widths[wrong])}; right in every seed: {_listed(widths[right])}; mean "
        "test accuracy by width: "
        + ", ".join(
            f"{w:.0f}: {a:.2f}"
            for w, a in zip(sweep["width"].values, sweep["test"].mean("seed").values, strict=True)
        ),
        key=f"wrong_to_right.{share:g}",
    )


def later(sweep: xr.Dataset, share: float) -> gl.Finding:
    """Where both happen, test inputs are right long after train inputs are fitted."""
    ratios = (sweep["right_at"] / sweep["fitted_at"]).values
    ratios = ratios[np.isfinite(ratios)]
    claim = f"test inputs are right at least twice as late as train inputs are fitted, {share:.0%} trained on"
    if not len(ratios):
        blank = gl.Finding(claim, None, "ratio of steps", "undecided", key=f"right_later.{share:g}")
        return replace(blank, note="no run was right on test inputs")
    verdict = "supported" if ratios.min() >= 2 else "refuted" if np.median(ratios) < 2 else "undecided"
    return gl.Finding(
        claim,
        float(np.median(ratios)),
        "ratio of steps, median",
        verdict,
        gl.Control.several({"each_run": ("all runs that did both", ratios)}),
        source="Power et al. 2022",
        note=f"{len(ratios)} of {sweep['right_at'].size} runs did both",
        key=f"right_later.{share:g}",
    )


def foresees(forecasts: list[dict[str, Any]]) -> gl.Finding:
    """The pattern model's forecast of the rest beats both baselines in most runs."""
    own = [each for each in forecasts if each["kind"] == "task"]
    claim = "the pattern model, fitted to the first part, foretells the rest better than a logistic and the last value"
    if not own:
        blank = gl.Finding(claim, None, "share of forecasts", "undecided", key="forecast")
        return replace(blank, note="there was nothing to forecast")
    better = [each["patterns"] < min(each["logistic"], each["persists"]) for each in own]
    share = sum(better) / len(better)
    by_stand = {
        times: [b for b, each in zip(better, own, strict=True) if each["times"] == times]
        for times in sorted({each["times"] for each in own})
    }
    verdict = "supported" if share >= MOST else "refuted" if share <= HALF else "undecided"
    return gl.Finding(
        claim,
        share,
        "share of forecasts",
        verdict,
        tuple(
            gl.Control.of(f"error of {name}", [each[name] for each in own], key=name)
            for name in ("patterns", "logistic", "persists")
        ),
        source="Davies et al. 2023, section 3; the forecast is ours",
        note=f"{len(own)} forecasts; standing at k times the step of memorising: "
        + ", ".join(f"k={k}: {sum(b)} of {len(b)}" for k, b in by_stand.items()),
        key="forecast",
    )


def false_alarms(forecasts: list[dict[str, Any]]) -> gl.Finding:
    """On the random table, where nothing comes, the pattern model does not announce anything."""
    null = [each["announced"] for each in forecasts if each["kind"] == "null"]
    own = [each["announced"] for each in forecasts if each["kind"] == "task"]
    claim = "the pattern model announces no generalisation where none comes, on the random table"
    if not null or not own:
        blank = gl.Finding(claim, None, "test accuracy", "undecided", key="false_alarms")
        return replace(blank, note="there was nothing to forecast")
    alarms = sum(value > WRONG for value in null) / len(null)
    verdict = "supported" if alarms <= 0.05 else "refuted" if alarms > 0.25 else "undecided"
    return gl.Finding(
        claim,
        alarms,
        "share of forecasts above one half",
        verdict,
        gl.Control.several(
            {
                "random_table": ("announced for the random table", null),
                "task": ("announced for the task", own),
            }
        ),
        source="ours",
        note=f"{len(null)} forecasts on the random table, {len(own)} on the task",
        key="false_alarms",
    )


def fits(forecasts: list[dict[str, Any]]) -> gl.Finding:
    """How well the pattern model fits what it was fitted to: no evidence, and said so."""
    own, null = (
        [each["fit"] for each in forecasts if each["kind"] == kind] or [float("nan")]
        for kind in ("task", "null")
    )
    return gl.Finding(
        "beside the question: the pattern model fits the first part well, of the task and of a random table alike",
        float(np.median(own)),
        "root mean square error, median",
        "supported" if max(np.median(own), np.median(null)) < 0.05 else "refuted",
        gl.Control.several({"random_table": ("random table", null)}),
        source="Davies et al. 2023, section 3",
        note="twelve parameters: a good fit is no evidence for the model",
        key="fit",
        role="aside",
    )


def descent(sweep: xr.Dataset, share: float) -> gl.Finding:
    """Whether test error over width falls, rises and falls beyond error."""
    mean, error = gl.theory.mean_and_error(1 - sweep["test"])
    double = gl.theory.descends_twice(1 - sweep["test"])
    peak = int(mean[1:].argmax()) + 1
    return gl.Finding(
        f"beside the question: test error over width rises and falls again, {share:.0%} trained on",
        float(mean[peak]),
        "error at its largest after the first width",
        "supported" if double else "refuted",
        gl.Control.several({"first_width": ("error at the first width", mean[0])}),
        source="Nakkiran et al. 2020",
        note=", ".join(
            f"{w:.0f}: {m:.3f} ± {e:.3f}" for w, m, e in zip(sweep["width"].values, mean, error, strict=True)
        ),
        key=f"double_descent.{share:g}",
        role="aside",
    )


def _listed(widths: Sequence[float]) -> str:
    return ", ".join(f"{width:.0f}" for width in widths) or "none"


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Accuracy at the end by width, at the smaller share, each seed a line."""
    return gl.views.sweep(numbers[f"share {SHARES[0]}"], ["train", "test"])
