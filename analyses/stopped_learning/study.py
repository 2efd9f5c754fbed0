"""Of the runs that looked finished, how many moved again?

One looks at every run that has memorised, at twice the step at which it had, and asks three rules whether it has
stopped learning: the test loss is flat, the weights' norm is flat, or the forecast gives a change little chance. A run
moved again if its test accuracy went elsewhere by a tenth within ten times the step. Each rule's threshold is the one
of least error on one half of the configurations, and is used on the other half.

Prediction (ours): flat is not finished: of the runs that look finished by test loss, by norm and by the forecast, more
than one in twenty move again. Prediction (ours): the best rule errs less than always giving the commoner answer does.
Prediction (ours): the forecast errs less than either plateau.

Refuted if a rule's share of runs that moved again lies below one in twenty, its interval too (Wilson, 95 %), or if the
interval of what is gained, over configurations, lies below 0.
"""

from typing import Any

import numpy as np
import xarray as xr

import groklens as gl

RUNS = ()
CLOCK, HORIZON = 2.0, 10.0
#: How far test accuracy goes elsewhere in a run that moves.
MOVES = 0.1
#: From here on a run has generalised.
KNOWN = 0.99
RULES = {"loss": "the test loss", "norm": "the weights' norm", "forecast": "the forecast"}
ONE_IN = 1 / 20
DRAWS, TAIL = 1000, 0.5
QUIETEST = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def measure(smoke: bool = False) -> dict[str, Any]:
    """For each run of the library at the clock: what each rule goes by, and whether it moved again."""
    library = gl.forecasts.library()
    if smoke:
        library = library.isel(run=slice(None, None, 2))
    return {"looked": looked_at(library)}


def looked_at(library: xr.Dataset) -> xr.Dataset:
    """The runs that have memorised and were watched for ten times the step, with how each rule sees them (run)."""
    table = library.isel(clock=int(np.flatnonzero(np.isclose(library["clock"], CLOCK))[0]))
    watched = table["last"] >= HORIZON * table["step"]
    rows = np.flatnonzero((table["memorised"].notnull() & table["step"].notnull() & watched).values)
    table, halves = table.isel(run=rows), halves_of(library)[rows]
    columns = {
        "loss": np.abs(table["signal_test_loss_slope"].values),
        "norm": np.array([norm_slope(table.isel(run=i)) for i in range(len(rows))]),
        "forecast": foretold(library, rows, halves),
        "moved": np.array([moved(table.isel(run=i)) for i in range(len(rows))]).astype(float),
        "accuracy": table["test_accuracy"].values.astype(float),
        "half": halves.astype(float),
    }
    columns = {name: ("run", np.nan_to_num(each.astype(float), nan=np.inf)) for name, each in columns.items()}
    found = xr.Dataset(columns).where(lambda each: each < 1e9, 1e9)  # what a file can hold
    return found.assign_coords({name: ("run", table[name].values) for name in ("configuration", "kind")})


def halves_of(library: xr.Dataset) -> np.ndarray:
    """0 or 1 for each run: the half of the configurations that it is in, drawn once."""
    names, which = np.unique(library["configuration"].values, return_inverse=True)
    return np.isin(which, np.random.default_rng(0).permutation(len(names))[: len(names) // 2]).astype(int)


def norm_slope(run: xr.Dataset) -> float:
    """How steeply the norm goes, up or down, on logarithms of norm and step, in the last part of what is seen."""
    steps, norm = run["curve_step"].values.astype(float), run["curve_norm"].values.astype(float)
    now = float(run["step"])
    tail = (steps > 0) & (steps <= now) & (steps >= TAIL * now) & np.isfinite(norm)
    return abs(float(np.polyfit(np.log(steps[tail]), np.log(norm[tail]), 1)[0])) if tail.sum() > 1 else np.nan


def moved(run: xr.Dataset) -> bool:
    """Whether test accuracy went elsewhere by a tenth before ten times the step."""
    steps, accuracy = run["curve_step"].values.astype(float), run["curve_test_accuracy"].values
    later = (steps > float(run["step"])) & (steps <= HORIZON * float(run["step"]))
    return bool((np.abs(accuracy[later] - float(run["test_accuracy"])) >= MOVES).any())


def foretold(library: xr.Dataset, rows: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """The chance of a change by the law of the other half; 0 of what has generalised, 1 of what is on its way (run)."""
    table = gl.forecasts.at_risk(library.assign_coords(run=np.arange(library.sizes["run"])), CLOCK, HORIZON)
    accuracy = library["test_accuracy"].sel(clock=CLOCK).values[rows]
    chance = np.where(accuracy >= KNOWN, 0.0, 1.0)
    every = halves_of(library)
    for half in (0, 1):
        law = gl.forecasts.law_at(library.isel(run=np.flatnonzero(every != half)), CLOCK)
        own = table.isel(run=np.flatnonzero(every[table["run"].values] == half))
        place = {int(run): i for i, run in enumerate(rows)}
        for run, each in zip(own["run"].values, law.chance(own, HORIZON), strict=True):
            if int(run) in place:
                chance[place[int(run)]] = each
    return chance


def called(runs: xr.Dataset, rule: str) -> np.ndarray:
    """Which runs a rule calls finished, by the threshold that erred least on the other half (run)."""
    found = np.zeros(runs.sizes["run"], bool)
    value, has_moved, half = runs[rule].values, runs["moved"].values > 0, runs["half"].values
    for own in (0, 1):
        other = half != own
        places = np.append(-1.0, np.unique(value[other]))
        errors = [((value[other] <= place) == has_moved[other]).mean() for place in places]
        found[half == own] = value[half == own] <= places[int(np.argmin(errors))]
    return found


def always(runs: xr.Dataset) -> np.ndarray:
    """Which runs are called finished by whoever gives the commoner answer of the other half (run)."""
    half, has_moved = runs["half"].values, runs["moved"].values > 0
    return np.array([has_moved[half != own].mean() <= 0.5 for own in half])


def errs(runs: xr.Dataset, finished: np.ndarray) -> np.ndarray:
    """1 for each run that was called finished and moved, or the other way round (run)."""
    return (finished == (runs["moved"].values > 0)).astype(float)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    runs = numbers["looked"]
    return [*(flat_is_not_finished(runs, rule) for rule in RULES), best_rule(runs), forecast_is_best(runs)]


def flat_is_not_finished(runs: xr.Dataset, rule: str) -> gl.Finding:
    """Of the runs that a rule calls finished more than one in twenty move again."""
    finished, has_moved = called(runs, rule), runs["moved"].values > 0
    n, again = int(finished.sum()), int((finished & has_moved).sum())
    low, high = gl.forecasts.wilson(again, n) if n else (0.0, 1.0)
    return gl.Finding(
        f"of the runs that look finished by {RULES[rule]} more than one in twenty move again within ten times the step",
        again / n if n else None,
        "share of runs that look finished",
        "supported" if low > ONE_IN else "refuted" if high < ONE_IN else "undecided",
        gl.Control.several({"every": ("share of all runs that moved", has_moved.mean())}),
        note=f"{again} of {n} of {len(has_moved)} runs, 95 % interval {float(low):.0%} to {float(high):.0%}; the rule "
        f"errs on {errs(runs, finished).mean():.0%} of all runs",
        key=f"looks_finished.{rule}",
    )


def best_rule(runs: xr.Dataset) -> gl.Finding:
    """The rule that errs least errs less than always giving the commoner answer."""
    mistakes = {rule: errs(runs, called(runs, rule)) for rule in RULES}
    best = min(mistakes, key=lambda rule: mistakes[rule].mean())
    null = errs(runs, always(runs))
    return gain(
        runs,
        mistakes[best],
        null,
        f"the best rule errs less than always giving the commoner answer does; it is {RULES[best]}",
        "best_rule",
        {rule: (f"errors by {RULES[rule]}", each.mean()) for rule, each in mistakes.items()}
        | {"always": ("errors of the commoner answer", null.mean())},
    )


def forecast_is_best(runs: xr.Dataset) -> gl.Finding:
    """The forecast errs less than the better of the two plateaus."""
    mistakes = {rule: errs(runs, called(runs, rule)) for rule in RULES}
    other = min(("loss", "norm"), key=lambda rule: mistakes[rule].mean())
    return gain(
        runs,
        mistakes["forecast"],
        mistakes[other],
        "the forecast errs less than either plateau does",
        "forecast_is_best",
        {"plateau": (f"errors by {RULES[other]}, the better plateau", mistakes[other].mean())},
    )


def gain(
    runs: xr.Dataset,
    own: np.ndarray,
    others: np.ndarray,
    claim: str,
    key: str,
    controls: dict[str, tuple[str, Any]],
) -> gl.Finding:
    """A finding that one errs less than another, by the interval of the difference over configurations."""
    _, which = np.unique(runs["configuration"].values, return_inverse=True)
    n = int(which.max()) + 1
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)[:, which]
    low, high = np.quantile((drawn * (others - own)).sum(axis=1) / drawn.sum(axis=1), [0.025, 0.975])
    return gl.Finding(
        claim,
        float(own.mean()),
        "share of runs misjudged",
        "supported" if low > 0 else "refuted" if high < 0 else "undecided",
        gl.Control.several(controls),
        note=f"errors fewer by {float((others - own).mean()):.1%}, 95 % interval over configurations {low:.1%} to "
        f"{high:.1%}",
        key=key,
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """The share of runs that moved again among the quietest, by rule: a rule is good where its line starts at 0."""
    runs = numbers["looked"]
    has_moved, n = runs["moved"].values, runs.sizes["run"]
    rows = {}
    for rule, said in RULES.items():
        order = np.argsort(runs[rule].values, kind="stable")
        shares = [has_moved[order[: max(1, round(share * n))]].mean() for share in QUIETEST]
        rows[rule] = (shares, f"moved again of the quietest by {said}", "share of runs")
    along = ("quietest", QUIETEST, "share of runs that are called finished")
    return gl.views.sweep(gl.theory.sweep_table(along, [0], rows), log_x=False)
