"""`gl.forecast`: whether a run will still change, by what runs like it did; never that it is done."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

from groklens.claims import InNotebooks, percent
from groklens.errors import whole_number
from groklens.forecasts.at_risk import not_begun
from groklens.forecasts.evidence import Evidence, evidence_of
from groklens.forecasts.law import Law, law_at
from groklens.forecasts.library import KEPT, checked_library
from groklens.forecasts.library import library as kept_library
from groklens.forecasts.row import row_of
from groklens.forecasts.support import Support, far_from, why_outside
from groklens.forecasts.used import USED, used, without_others
from groklens.forecasts.weibull import FEWEST, Interval
from groklens.runs import AnyRun, Run, as_run, kept_steps
from groklens.tasks import Task

Verdict = Literal["still_moving", "quiet_but_unresolved", "outside_support"]
#: The horizon when none is given, in multiples of the step at which one looks: up to ten times it.
_BY_DEFAULT = 9


@dataclass(frozen=True)
class Forecast(InNotebooks):
    """Whether a run's test accuracy will still reach ½, by the runs of a library that were like it.

    `p_change` is the chance that it does within `horizon` updates after `step`, in [0, 1], None where the library has
    no runs like it; `interval` the step at which, as median and 80 % interval, infinite where later than any run was
    watched. `verdict`: `still_moving` where change is more likely than not, or under way; `quiet_but_unresolved` where
    it is not, which is no end: no finite record shows one; `outside_support` where the library says nothing, and
    `support` why. A run whose change has begun has no `p_change` either, for there is none left to foretell: it is
    `still_moving` while its test loss falls, `quiet_but_unresolved` where that stands, or where it has generalised.
    `evidence` is what moves in the run itself.
    """

    p_change: float | None
    interval: Interval | None
    support: Support
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    step: int
    horizon: int

    def __str__(self) -> str:
        lines = [f"[{self.verdict}] {self.headline}", *(f"      {each}" for each in self.evidence)]
        return "\n".join(lines)

    @property
    def headline(self) -> str:
        """The forecast in one sentence."""
        if self.p_change is None:
            return f"After step {self.step:,} no forecast: {self.support}."
        when = "" if self.interval is None else f"; {_when(self.interval)}"
        return (
            f"The test accuracy reaches ½ within {self.horizon:,} updates after step {self.step:,} with a chance of "
            f"{percent(self.p_change)}{when}; {self.support}. That is no end: what comes later nobody has watched."
        )

    def to_dict(self) -> dict[str, Any]:
        """The forecast as JSON values; what is infinite is None."""
        ends = None if self.interval is None else [t if math.isfinite(t) else None for t in self.interval]
        return {
            "verdict": self.verdict,
            "p_change": self.p_change,
            "interval": ends,
            "step": self.step,
            "horizon": self.horizon,
            "support": {
                "inside": self.support.inside,
                "runs": self.support.runs,
                "reasons": list(self.support.reasons),
            },
            "evidence": [each.to_dict() for each in self.evidence],
        }


def _when(interval: Interval) -> str:
    low, median, high = (
        f"{t:,.0f}" if math.isfinite(t) else "later than any run was watched" for t in interval
    )
    if not math.isfinite(interval.low):
        return "the whole 80 % interval of that step is later than any run was watched"
    return f"median step {median}, 80 % interval {low} to {high}"


def forecast(
    run: AnyRun | Any,
    horizon: int | None = None,
    *,
    step: int | None = None,
    task: Task | None = None,
    library: xr.Dataset | None = None,
    signals: str | Iterable[str] | None = None,
) -> Forecast:
    """Whether a run that has memorised will still generalise, by what runs like it did; it never says that one is done.

    A Weibull law of the log of time, fitted on the library's runs that were at risk at the same multiple of t_mem,
    looks at hyper-parameters and signals that are no oracle. Where the library has no such runs it refuses
    (`outside_support`, `p_change` None) and gives the evidence of what moves alone. Protocol and its limits:
    `gl.forecasts.judge`.

    Args:
        run: a run with its history and recipe; of others the support says what is not known.
        horizon: updates after `step` within which it is to change; when not given nine times the step, up to ten times
            it, or as far as the library watched runs.
        step: the kept step at which one looks, the last when not given. Nothing later is seen.
        task: of a model that comes without one.
        library: runs to go by, those of `gl.forecasts.library()` when not given.
        signals: the name, or names, of those used, when not all that a forecast can measure.

    Raises `BadArgument` for a horizon that is no number of updates, for a library that is none, `UnknownName` for a
    signal that a forecast does not use, and what a run cannot be made of.

    >>> gl.forecast(run, horizon=20_000).verdict  # doctest: +SKIP
    'quiet_but_unresolved'
    """
    run, chosen = as_run(run, task), None if signals is None else used(signals)
    now = run.steps[-1] if step is None else kept_steps(run, [step])[-1]
    asked = None if horizon is None else whole_number("horizon", horizon, 1, 20_000)
    known = without_others(kept_library() if library is None else checked_library(library))
    reasons, evidence = why_outside(known, run, now), evidence_of(run, now)
    ahead = _BY_DEFAULT * max(now, 1) if asked is None else asked
    if reasons:
        return Forecast(None, None, Support(False, 0, reasons), evidence, "outside_support", now, ahead)
    row = row_of(run, now, signals=[each for each in USED if chosen is None or each.name in chosen])
    if said := begun(row):
        return Forecast(None, None, Support(False, 0, (said,)), evidence, _moves(row, evidence), now, ahead)
    law = law_at(known, now / float(row["memorised"].values[0]), chosen)
    if asked is None:
        ahead = max(1, min(ahead, int(now * (law.fitted.farthest - 1))))
    return _by(law, row, evidence, now, ahead)


def forecast_if_known(run: Run | Any, step: int | None) -> Forecast | None:
    """The forecast of a run at a step where the library has runs like it; None elsewhere.

    Of a run outside of what the library has seen nothing is computed, and no model is opened.

    >>> forecast_if_known(run, 400)  # doctest: +SKIP
    """
    if step is None or not isinstance(run, Run) or not KEPT.is_file():
        return None
    if why_outside(kept_library(), run, step):
        return None
    found = forecast(run, step=step)
    return None if found.verdict == "outside_support" else found


def _by(law: Law, row: xr.Dataset, evidence: tuple[Evidence, ...], now: int, horizon: int) -> Forecast:
    """The forecast that a law makes of a run, unless the horizon is farther than any of its runs was watched."""
    by, row = (now + horizon) / now, row.isel(clock=0).assign(now=("run", [float(now)]))
    reasons = far_from(law.table, row, law.predictor.signals)
    if by > law.fitted.farthest * (1 + 1e-3):
        most = int(now * (law.fitted.farthest - 1))
        reasons += (
            f"fewer than {FEWEST} runs of the library were watched for more than {most:,} updates after such a step; "
            "ask for fewer",
        )
    if reasons:
        return Forecast(
            None, None, Support(False, law.runs, reasons), evidence, "outside_support", now, horizon
        )
    chance = float(law.chance(row, by)[0])
    rates = (
        Evidence(
            "prior", "chance by hyper-parameters alone", float(law.prior_chance(row, by)[0]), "probability"
        ),
        Evidence("base_rate", "chance of any run at risk", law.rate(by), "probability"),
    )
    verdict: Verdict = "still_moving" if chance >= 0.5 else "quiet_but_unresolved"
    when = Interval(*(now * each for each in law.interval(row)[0]))
    return Forecast(chance, when, Support(True, law.runs), (*evidence, *rates), verdict, now, horizon)


def begun(row: xr.Dataset) -> str:
    """That what the library foretells has begun; empty where it has not."""
    accuracy, chance = float(row["test_accuracy"].values[0, 0]), float(row["chance"].values[0])
    if not_begun(accuracy, chance) and np.isnan(row["half"].values[0]):
        return ""
    return f"its test accuracy is {percent(accuracy)}: what the library foretells has begun, or is over"


def _moves(row: xr.Dataset, evidence: tuple[Evidence, ...]) -> Verdict:
    """A run whose change has begun moves while its test loss falls, until it has generalised."""
    falls = any(
        each.key == "slope.test_loss" and each.high is not None and each.high < 0 for each in evidence
    )
    under_way = falls and np.isnan(row["generalised"].values[0])
    return "still_moving" if under_way else "quiet_but_unresolved"
