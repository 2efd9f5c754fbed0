"""Can anybody foretell that a network will still generalise, better than its hyper-parameters do?

Prediction (arXiv:2605.08237, whose authors decline a universal early warning): no signal that is no oracle, alone, is
above its permutation null on every other task, model and optimiser. Prediction (ours, after two sweeps of 36 runs):
some such signal adds to the hyper-parameters on both halves of the configurations. Prediction (ours): on 60 runs of
other seeds, of whose configurations the forecast has seen none, its Brier score for "changes within ten times the step"
is better than the base rate's and than that of hyper-parameters alone, and its 80 % interval covers 80 %.

Refuted if a signal alone, other than the nulls, is above its null everywhere; if every signal's gain has an interval
that lies clear below 0.05 of AUROC on one half or the other; if the interval of the Brier score's gain, over
configurations, lies below 0; if even counting every run whose interval is open as covered less than 80 % are, or if
more than 80 % are without them, by more than chance (Wilson, 95 %). Undecided where a signal has no value on some of
the others and is above its null on the rest, and where only runs that were not watched long enough bring the covering
to 80 %: a run not seen to change whose interval begins later than any run was watched counts on neither side.
"""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.forecasting.foretold import NEVER, measured

import groklens as gl

RUNS = ()
HALVES = ("configurations, first half", "configurations, second half")
BINS, COVERED = 5, 0.8
#: A gain of less AUROC than this is none to speak of.
MARGIN = 0.05
#: How far an end of its interval moves with the draws of the bootstrap: nearer to the margin nothing is decided.
DRAWN = 0.005
#: What every signal has to beat, and is no signal on trial.
NULLS = ("elapsed_time", "test_loss_slope")
FRESH = Path(gl.forecasts.__file__ or "").parent / "fresh.npz"


def measure(smoke: bool = False) -> dict[str, Any]:
    """The referee's table of all signals, and the forecasts of fresh runs and of each half by the other."""
    library, fresh = gl.forecasts.library(), gl.forecasts.read_library(FRESH)
    if smoke:
        return measured(library, fresh.isel(run=slice(24)), 20, ["weight_norm", "test_loss_slope"])
    return measured(library, fresh, 400, None)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    table, fresh = numbers["table"], numbers["fresh"]
    return [
        no_universal_warning(table),
        some_signal_adds(table),
        better_than(fresh, "base_rate", "the base rate"),
        better_than(fresh, "hyper_parameters", "hyper-parameters alone"),
        covers(fresh),
        an_oracle_knows_more(table),
        none_leaks(numbers["leaks"]),
        as_good_as_claimed(table),
    ]


def alone(table: xr.Dataset, oracle: bool = False, without: tuple[str, ...] = NULLS) -> xr.Dataset:
    """The signals alone, those that are no oracle or those that are; neither pairs nor nulls."""
    sees = table["sees"].values
    names = [
        name
        for name, each in zip(table["signal"].values.tolist(), sees.tolist(), strict=True)
        if each and "+" not in name and (each == "oracle") == oracle and name not in without
    ]
    return table.sel(signal=names)


def no_universal_warning(table: xr.Dataset) -> gl.Finding:
    """No signal is above its null on all splits by task, model and optimiser."""
    others = [name for name in table["split"].values.tolist() if name not in HALVES]
    found = alone(table).sel(split=others)
    above = (found["auroc"] > found["null_high"]).where(found["auroc"].notnull())
    never_below = ((above == 1) | above.isnull()).all("split")
    everywhere, untested = (
        never_below & above.notnull().all("split"),
        never_below & above.isnull().any("split"),
    )
    most = above.sum("split")
    return gl.Finding(
        "no signal alone warns everywhere: none is above its permutation null on every other task, model and optimiser",
        float(everywhere.sum()),
        "signals above their null everywhere",
        "refuted" if everywhere.any() else "undecided" if untested.any() else "supported",
        gl.Control.several({"most": ("splits on which a signal is above its null, by signal", most)}),
        source="arXiv:2605.08237; phenomena of generalisation, section 14",
        note=f"of {len(others)} splits: "
        + ", ".join(f"{n} {int(m)}" for n, m in zip(found["signal"].values, most.values, strict=True)),
        key="no_universal_warning",
    )


def some_signal_adds(table: xr.Dataset) -> gl.Finding:
    """A signal beside the hyper-parameters is better than these alone on both halves of the configurations."""
    names = [f"{name} + hyper_parameters" for name in alone(table)["signal"].values]
    found = table.sel(signal=names, split=list(HALVES))
    least, gained, most = (
        found[f"auroc_gained{end}"].min("split", skipna=False) for end in ("_low", "", "_high")
    )
    adds = [str(name).split(" +")[0] for name in gained["signal"].values[(least > 0).values]]
    return gl.Finding(
        "some signal that is no oracle adds to the hyper-parameters on both halves of the configurations",
        float(gained.max()),
        "AUROC gained, least of the halves, most of the signals",
        "supported" if adds else "refuted" if bool((most < MARGIN - DRAWN).all()) else "undecided",
        gl.Control.several(
            {
                "hyper_parameters": (
                    "AUROC of hyper-parameters alone, each half",
                    table["auroc"].sel(signal="hyper_parameters", split=list(HALVES)),
                )
            }
        ),
        note="by signal, least of the halves: "
        + ", ".join(
            f"{str(n).split(' +')[0]} {float(g):+.2f}" for n, g in zip(names, gained.values, strict=True)
        ),
        key="some_signal_adds",
    )


def better_than(fresh: xr.Dataset, rival: str, said: str) -> gl.Finding:
    """The forecast's Brier score on fresh runs is better than another's."""
    watched = fresh.isel(run=np.flatnonzero(fresh["known"].values > 0))
    happened = watched["changes"].values
    errors = {name: (watched[name].values - happened) ** 2 for name in ("forecast", rival)}
    low, high = gl.forecasts.over_configurations(
        errors[rival] - errors["forecast"], watched["configuration"].values
    )
    return gl.Finding(
        f"on fresh runs the Brier score of the forecast is better than that of {said}",
        float((errors[rival] - errors["forecast"]).mean()),
        "Brier score gained",
        "supported" if low > 0 else "refuted" if high < 0 else "undecided",
        gl.Control.several(
            {
                rival: (f"Brier score of {said}", errors[rival].mean()),
                "forecast": ("of the forecast", errors["forecast"].mean()),
            }
        ),
        note=f"95 % interval over configurations {low:.3f} to {high:.3f}; {len(happened)} runs at risk, of which "
        f"{int(happened.sum())} changed",
        key=f"better_than.{rival}",
    )


def covers(fresh: xr.Dataset) -> gl.Finding:
    """The 80 % interval of the step of the change holds it in 80 % of fresh runs."""
    low, high, seen, change = (fresh[name].values for name in ("low", "high", "seen", "change"))
    happened = change < NEVER
    inside, late = happened & (low <= change) & (high >= seen), ~happened & (low >= NEVER)
    still_open = ~happened & ~late & (high > seen)
    n, sure, possible = int((~late).sum()), int(inside.sum()), int((inside | still_open).sum())
    surely, possibly = (gl.theory.wilson(count, n) if n else (0.0, 1.0) for count in (sure, possible))
    wrong = possibly[1] < COVERED or surely[0] > COVERED
    return gl.Finding(
        "on fresh runs the forecast's 80 % interval of the step of the change holds it in 80 % of them",
        sure / n if n else None,
        "share of runs certainly covered",
        "refuted" if wrong else "supported" if n and surely[1] >= COVERED else "undecided",
        gl.Control.several({"possible": ("share covered, or not watched long enough to tell", possible / n)})
        if n
        else (),
        note=f"{sure} of {int(happened.sum())} changes inside; of {int((~happened).sum())} runs that were not seen to "
        f"change {int(still_open.sum())} are open and {int(late.sum())}, forecast to be later than any run was "
        "watched, count on neither side",
        key="covers",
    )


def none_leaks(found: xr.Dataset) -> gl.Finding:
    """No signal foretells a run mostly by its own configuration's other seeds."""
    names = found["signal"].values[found["leaks"].values > 0].tolist()
    return gl.Finding(
        "beside the question: no signal foretells a run mostly by the other seeds of its own configuration",
        float(len(names)),
        "signals that do",
        "refuted" if names else "supported",
        gl.Control.several(
            {
                "share": ("share of a signal's variance between configurations", found["share"]),
                "null": ("the same with values dealt out anew", found["share_null"]),
            }
        ),
        note=", ".join(map(str, names)),
        key="none_leaks",
        role="aside",
    )


def an_oracle_knows_more(table: xr.Dataset) -> gl.Finding:
    """A signal that knows the task's structure is better than any that does not."""
    best = {
        name: alone(table, name == "oracle", ("elapsed_time",)).sel(split=list(HALVES))["auroc"].min("split")
        for name in ("oracle", "other")
    }
    values = {name: float(each.max()) if each.size else np.nan for name, each in best.items()}
    missing = not all(np.isfinite(list(values.values())))
    return gl.Finding(
        "beside the question: the best signal that knows the task's group foretells more than the best that does not",
        None if missing else values["oracle"],
        "AUROC, least of the halves",
        "undecided" if missing else "supported" if values["oracle"] > values["other"] else "refuted",
        () if missing else gl.Control.several({"other": ("the best that does not", values["other"])}),
        note=""
        if missing
        else "the best are "
        + " and ".join(str(each["signal"].values[int(np.nanargmax(each.values))]) for each in best.values()),
        key="an_oracle_knows_more",
        role="aside",
    )


def as_good_as_claimed(table: xr.Dataset) -> gl.Finding:
    """The residual of Hankel-DMD foretells as well as it is said to."""
    if "hankel_dmd" not in table["signal"].values:
        return gl.Finding(
            "beside the question: Hankel-DMD", None, "AUROC", "undecided", key="dmd", role="aside"
        )
    found = table.sel(signal="hankel_dmd", split=list(HALVES))
    high = found["auroc_high"].values
    return gl.Finding(
        "beside the question: the residual of Hankel-DMD has the AUROC of .93 that it is said to have",
        float(found["auroc"].mean()),
        "AUROC, mean of the halves",
        "refuted" if (high < 0.93).all() else "supported" if (found["auroc"] >= 0.93).all() else "undecided",
        gl.Control.several(
            {"halves": ("each half", found["auroc"]), "null": ("above it by chance", found["null_high"])}
        ),
        source="arXiv:2605.08237, abstract: on the authors' runs and protocol",
        key="dmd",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Calibration of the forecast, and of hyper-parameters alone, on halves of the library not fitted on."""
    halves = numbers["halves"]
    halves = halves.isel(run=np.flatnonzero(halves["known"].values > 0))
    names = ("forecast", "hyper_parameters")
    tables = [gl.forecasts.calibration(halves[name].values, halves["changes"].values, BINS) for name in names]
    said = xr.Variable("forecaster", ["forecast", "hyper-parameters alone"])
    return gl.views.calibration(xr.concat(tables, said, combine_attrs="override"))
