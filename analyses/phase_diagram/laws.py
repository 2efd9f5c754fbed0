"""Laws of the delay from memorising to generalising, fitted on some configurations and judged on the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

import groklens as gl

#: A law holds that explains so much of the variance of the logarithm of the delay; the abstracts say 0.97.
EXPLAINED = 0.9
#: Fewer configurations than this say nothing of others.
FEWEST = 6
DRAWS = 1000
RATE, NORM, SCALE = "rate", "norm", "scale"
_CLAIMS = {
    RATE: "beside the question: the delay is c / (lr · decay), for configurations that c was not fitted on",
    NORM: "the delay is c · ln(‖θ_mem‖² / ‖θ_post‖²) / (lr · decay), for configurations that c was not fitted on",
    SCALE: "the delay is a power of the logit scale when the train inputs are first known, for configurations that the "
    "power was not fitted on",
}
_SOURCES = {
    RATE: "the null of both laws",
    NORM: "arXiv:2603.13331 (abstract): R² above 0.97 in 293 runs; θ_post is known only when the wait is over",
    SCALE: "arXiv:2606.18465 (abstract): 97 % of the variance under cross-entropy; the power is our reading",
}


@dataclass(frozen=True)
class Waits:
    """Delays of runs, on logarithms, what each law says of them up to a factor, and the configuration of each."""

    delay: np.ndarray
    said: Mapping[str, np.ndarray]
    configuration: np.ndarray
    fold: np.ndarray

    def of(self, law: str) -> Waits:
        """Those of the runs of which a law says anything."""
        known = np.isfinite(self.said[law])
        said = {name: each[known] for name, each in self.said.items()}
        return Waits(self.delay[known], said, self.configuration[known], self.fold[known])

    @property
    def n_configurations(self) -> int:
        """How many configurations there are."""
        return len(np.unique(self.configuration))

    @property
    def are_enough(self) -> bool:
        """Whether there are configurations to fit on, and others to judge on."""
        return self.n_configurations >= FEWEST and len(np.unique(self.fold)) == 2


def waits(plane: xr.Dataset) -> tuple[Waits, str]:
    """The delays that the laws are judged on, and how many runs were left out, and why.

    With decay, of configurations in which every seed generalised (where one is censored the others are the quick ones),
    and at least one evaluation long. Where the norm has not fallen, the law of norms says nothing: nan.
    """
    plane = plane.transpose("weight_decay", "train_fraction", "seed")
    decay, delay = plane["weight_decay"], plane["delay"]
    generalised, there = plane["generalised"].notnull(), plane["last_step"].notnull() & (decay > 0)
    whole = generalised.all("seed") & generalised & (decay > 0)
    used = (whole & (delay >= plane.attrs["every"])).values
    i, j, _ = np.nonzero(used)
    gamma = (plane.attrs["rate"] * decay).broadcast_like(delay).values[used]
    fell = np.log(1 / grown(plane).values[used])
    said = {
        RATE: -np.log(gamma),
        NORM: np.log(np.where(fell > 0, fell, np.nan)) - np.log(gamma),
        SCALE: np.log(plane["logit_scale_memorised"].values[used]),
    }
    left_out = (
        f"of {int(there.sum())} runs with decay {int((there & ~generalised).sum())} are censored, "
        f"{int((generalised & ~whole & there).sum())} beside a censored seed, {int(whole.sum()) - len(i)} sooner than "
        "an evaluation"
    )
    return Waits(
        np.log(delay.values[used]), said, i * plane.sizes["train_fraction"] + j, (i + j) % 2
    ), left_out


def grown(plane: xr.Dataset) -> xr.DataArray:
    """‖θ‖² at generalising over that at memorising, of every run."""
    return plane["sum_squared_weights_generalised"] / plane["sum_squared_weights_memorised"]


def foreseen(delays: Waits, law: str | None) -> np.ndarray:
    """What a law says of each run's log delay, fitted on the other half of the configurations; None is their mean."""
    found = np.empty_like(delays.delay)
    for fold in (0, 1):
        theirs, ours = delays.fold != fold, delays.fold == fold
        y = delays.delay[theirs]
        if law is None:
            found[ours] = y.mean()
        elif law == SCALE:
            slope, shift = np.polyfit(delays.said[law][theirs], y, 1)
            found[ours] = slope * delays.said[law][ours] + shift
        else:
            found[ours] = delays.said[law][ours] + (y - delays.said[law][theirs]).mean()
    return found


def delay_laws(plane: xr.Dataset) -> list[gl.Finding]:
    """A finding for the law of norms, for that of the logit scale, and beside them for the rate alone."""
    delays, left_out = waits(plane)
    return [_judged(law, delays, plane, left_out) for law in (NORM, SCALE, RATE)]


def _judged(law: str, whole: Waits, plane: xr.Dataset, left_out: str) -> gl.Finding:
    """One law, on the runs of which it says anything; refuted where those are few of many."""
    delays = whole.of(law)
    said = f"{len(delays.delay)} of {len(whole.delay)} runs in {delays.n_configurations} configurations; {left_out}"
    finding = gl.Finding(
        _CLAIMS[law],
        None,
        "share of the variance of log delay explained",
        "undecided",
        _norms(plane) if law == NORM else (),
        source=_SOURCES[law],
        note=said,
        key=f"law.{law}",
        role="aside" if law == RATE else "prediction",
    )
    silent = 2 * len(delays.delay) < len(whole.delay)
    if whole.are_enough and silent:
        return replace(finding, verdict="refuted", note=f"the norm falls in {said}")
    return _fitted(law, delays, finding) if delays.are_enough else finding


def _fitted(law: str, delays: Waits, finding: gl.Finding) -> gl.Finding:
    """The finding with what the law explains of configurations that it was not fitted on."""
    errors = {each: (foreseen(delays, each) - delays.delay) ** 2 for each in (None, RATE, law)}
    explained = {each: 1 - float(error.mean() / errors[None].mean()) for each, error in errors.items()}
    low, high = gained_over(errors[RATE if law != RATE else None] - errors[law], delays.configuration)
    value, rival = explained[law], "1 / (lr · decay)" if law != RATE else "the mean"
    verdict = "supported" if value >= EXPLAINED and low > 0 else "undecided"
    named = {"mean": ("explained by the mean delay of the other configurations", 0.0)}
    if law != RATE:
        named["rate_alone"] = ("explained by 1 / (lr · decay) alone", explained[RATE])
    return replace(
        finding,
        value=value,
        verdict="refuted" if value <= 0 or high < 0 else verdict,
        controls=(*gl.Control.several(named), *finding.controls),
        note=f"off by a factor of {np.exp(np.sqrt(errors[law].mean())):.2f}; squared error saved over {rival}: "
        f"{low:.3f} to {high:.3f} (95 %, configurations drawn anew); {finding.note}",
    )


def _norms(plane: xr.Dataset) -> tuple[gl.Control, ...]:
    ratios = grown(plane).values
    known = ratios[np.isfinite(ratios)].tolist()
    return (gl.Control.of("‖θ‖² at generalising over that at memorising", known, "grown"),) if known else ()


def gained_over(saved: np.ndarray, configuration: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean over runs when configurations are drawn anew, all seeds of one together."""
    names = np.unique(configuration)
    sums = np.array([saved[configuration == name].sum() for name in names])
    counts = np.array([(configuration == name).sum() for name in names])
    drawn = np.random.default_rng(0).integers(0, len(names), (DRAWS, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
