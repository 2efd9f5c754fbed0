"""Of the runs that looked finished, how many moved again?

One looks at every run that has memorised, at twice the step at which it had, and asks three rules whether it has
stopped learning: the test loss is flat, the weights' norm is flat, or the forecast gives a change little chance. A run
moved again if its test accuracy went elsewhere by a tenth within ten times the step. Each rule's threshold is the one
of least error on one half of the configurations, and is used on the other. Runs of which a rule has no number, having
memorised before there was anything to take a slope of, are left out for all.

Prediction (ours): flat is not finished: of the runs that look finished by test loss, by norm and by the forecast, more
than one in twenty move again. Prediction (ours): the rule that errs least on one half errs less on the other than
always giving the commoner answer does. Prediction (ours): of the runs that still wait, with a test accuracy less than a
tenth above chance, the forecast misjudges fewer than either plateau, and than the chance by hyper-parameters alone.

Refuted if a rule's share of runs that moved again lies below one in twenty, its interval too (Wilson, 95 %, a
configuration counting once), or if the interval of what is gained, over configurations, lies below 0. Undecided where a
rule is none: where the interval of its errors less those of the commoner answer is not below 0.
"""

from dataclasses import replace
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
#: Forecasts that the forecast has to beat on the runs that still wait.
RIVALS = RULES | {"hyper_parameters": "hyper-parameters alone"}
ONE_IN, TAIL = 1 / 20, 0.5
#: In the place of a number that a rule has not, or that is infinite: what a file can hold.
NONE = 1e9
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
    table, halves = table.isel(run=rows), gl.forecasts.first_half(library["configuration"].values)[rows]
    chances = foretold(library, rows)
    columns = {
        "loss": np.abs(table["signal_test_loss_slope"].values),
        "norm": np.array([norm_slope(table.isel(run=i)) for i in range(len(rows))]),
        "forecast": chances[0],
        "hyper_parameters": chances[1],
        "waits": chances[2],
        "moved": np.array([moved(table.isel(run=i)) for i in range(len(rows))]).astype(float),
        "accuracy": table["test_accuracy"].values.astype(float),
        "half": halves.astype(float),
    }
    columns = {name: ("run", np.nan_to_num(each.astype(float), nan=np.inf)) for name, each in columns.items()}
    found = xr.Dataset(columns).where(lambda each: each < NONE, NONE)
    return found.assign_coords({name: ("run", table[name].values) for name in ("configuration", "kind")})


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


def foretold(library: xr.Dataset, rows: np.ndarray) -> np.ndarray:
    """The chance of a change, by the law of the other half and by hyper-parameters alone, and who waits (3 × run).

    Of a run that does not wait the chance is 0 where it has generalised, and 1 where it is on its way.
    """
    table = gl.forecasts.at_risk(library.assign_coords(run=np.arange(library.sizes["run"])), CLOCK, HORIZON)
    accuracy, every = (
        library["test_accuracy"].sel(clock=CLOCK).values,
        gl.forecasts.first_half(library["configuration"].values),
    )
    found = np.tile(np.where(accuracy >= KNOWN, 0.0, 1.0), (3, 1))
    found[2] = 0
    for half in (0, 1):
        law = gl.forecasts.law_at(library.isel(run=np.flatnonzero(every != half)), CLOCK)
        own = table.isel(run=np.flatnonzero(every[table["run"].values] == half))
        found[:2, own["run"].values] = law.chance(own, HORIZON), law.prior_chance(own, HORIZON)
        found[2, own["run"].values] = 1
    return found[:, rows]


def called(runs: xr.Dataset, rule: str) -> np.ndarray:
    """Which runs a rule calls finished, by the threshold that erred least on the other half (run)."""
    found = np.zeros(runs.sizes["run"], bool)
    for own in (0, 1):
        mine = runs["half"].values == own
        found[mine] = runs[rule].values[mine] <= fitted(runs, rule, ~mine)[0]
    return found


def fitted(runs: xr.Dataset, rule: str, on: np.ndarray) -> tuple[float, float]:
    """The threshold of least error on some runs, and that error."""
    value, has_moved = runs[rule].values[on], runs["moved"].values[on] > 0
    places = np.append(-1.0, np.unique(value))
    errors = [((value <= place) == has_moved).mean() for place in places]
    return float(places[int(np.argmin(errors))]), float(min(errors))


def chosen(runs: xr.Dataset) -> tuple[list[str], np.ndarray]:
    """For each half the rule that errs least on the other, and which runs these call finished (run)."""
    found, names = np.zeros(runs.sizes["run"], bool), []
    for own in (0, 1):
        mine = runs["half"].values == own
        names.append(min(RULES, key=lambda rule: fitted(runs, rule, ~mine)[1]))
        found[mine] = called(runs, names[-1])[mine]
    return names, found


def always(runs: xr.Dataset) -> np.ndarray:
    """Which runs are called finished by whoever gives the commoner answer of the other half (run)."""
    half, has_moved = runs["half"].values, runs["moved"].values > 0
    return np.array([has_moved[half != own].mean() <= 0.5 for own in half])


def errs(runs: xr.Dataset, finished: np.ndarray) -> np.ndarray:
    """1 for each run that was called finished and moved, or the other way round (run)."""
    return (finished == (runs["moved"].values > 0)).astype(float)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    runs = seen_by_all(numbers["looked"])
    return [*(flat_is_not_finished(runs, rule) for rule in RULES), best_rule(runs), forecast_is_best(runs)]


def seen_by_all(runs: xr.Dataset) -> xr.Dataset:
    """The runs of which every rule has a number."""
    return runs.isel(run=np.flatnonzero((runs[[*RULES]].to_array() < NONE).all("variable")))


def flat_is_not_finished(runs: xr.Dataset, rule: str) -> gl.Finding:
    """Of the runs that a rule calls finished more than one in twenty move again."""
    finished, has_moved = called(runs, rule), runs["moved"].values > 0
    n, again = int(finished.sum()), int((finished & has_moved).sum())
    configurations = len(np.unique(runs["configuration"].values[finished]))
    low, high = gl.theory.wilson(configurations * again / n, configurations) if n else (0.0, 1.0)
    fewer = errs(runs, always(runs)) - errs(runs, finished)
    is_none = gl.forecasts.over_configurations(fewer, runs["configuration"].values)[0] <= 0
    return gl.Finding(
        f"of the runs that look finished by {RULES[rule]} more than one in twenty move again within ten times the step",
        again / n if n else None,
        "share of runs that look finished",
        "undecided"
        if is_none
        else "supported"
        if low > ONE_IN
        else "refuted"
        if high < ONE_IN
        else "undecided",
        gl.Control.several({"every": ("share of all runs that moved", has_moved.mean())}),
        note=f"{again} of {n} of {len(has_moved)} runs, of {configurations} configurations, 95 % interval "
        f"{float(low):.0%} to {float(high):.0%}; the rule errs on {errs(runs, finished).mean():.1%} of all runs"
        + (", not fewer than the commoner answer does, as far as they show" if is_none else ""),
        key=f"looks_finished.{rule}",
    )


def best_rule(runs: xr.Dataset) -> gl.Finding:
    """The rule chosen on one half errs less on the other than always giving the commoner answer."""
    names, finished = chosen(runs)
    mistakes, null = {rule: errs(runs, called(runs, rule)) for rule in RULES}, errs(runs, always(runs))
    found = gain(
        runs,
        errs(runs, finished),
        null,
        "the rule that errs least on one half errs less on the other than always giving the commoner answer does",
        "best_rule",
        {rule: (f"errors by {RULES[rule]}", each.mean()) for rule, each in mistakes.items()}
        | {"always": ("errors of the commoner answer", null.mean())},
    )
    return replace(found, note=f"chosen: {' and '.join(RULES[name] for name in names)}; {found.note}")


def forecast_is_best(runs: xr.Dataset) -> gl.Finding:
    """Of the runs that wait the forecast misjudges fewer than the best of its rivals."""
    runs = runs.isel(run=np.flatnonzero(runs["waits"].values > 0))
    mistakes = {rule: errs(runs, called(runs, rule)) for rule in RIVALS}
    other = min((rule for rule in RIVALS if rule != "forecast"), key=lambda rule: mistakes[rule].mean())
    return gain(
        runs,
        mistakes["forecast"],
        mistakes[other],
        "of the runs that still wait the forecast misjudges fewer than either plateau, and than hyper-parameters alone",
        "forecast_is_best",
        {rule: (f"errors by {RIVALS[rule]}", each.mean()) for rule, each in mistakes.items()},
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
    low, high = gl.forecasts.over_configurations(others - own, runs["configuration"].values)
    return gl.Finding(
        claim,
        float(own.mean()),
        "share of runs misjudged",
        "supported" if low > 0 else "refuted" if high < 0 else "undecided",
        gl.Control.several(controls),
        note=f"of {len(own)} runs; errors fewer by {float((others - own).mean()):.1%}, 95 % interval over "
        f"configurations {low:.1%} to {high:.1%}",
        key=key,
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """The share of runs that moved again among the quietest, by rule: a rule is good where its line starts at 0."""
    runs = seen_by_all(numbers["looked"])
    has_moved, n = runs["moved"].values, runs.sizes["run"]
    rows = {}
    for rule, said in RULES.items():
        order = np.argsort(runs[rule].values, kind="stable")
        shares = [has_moved[order[: max(1, round(share * n))]].mean() for share in QUIETEST]
        rows[rule] = (shares, f"moved again of the quietest by {said}", "share of runs")
    along = ("quietest", QUIETEST, "share of runs that are called finished")
    return gl.views.sweep(gl.theory.sweep_table(along, [0], rows), log_x=False)
