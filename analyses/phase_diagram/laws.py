"""Laws of the delay from memorising to generalising, fitted on some configurations and judged on the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    NORM: "the delay is c · ln(‖θ_mem‖² / ‖θ_post‖²) / (lr · decay), for configurations that c was not fitted on",
    SCALE: "the delay is a power of the logit scale when the train inputs are first known, for configurations that the "
    "power was not fitted on",
}
_SOURCES = {
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
    counted: Mapping[str, int]

    @property
    def n_configurations(self) -> int:
        """How many configurations there are."""
        return len(np.unique(self.configuration))


def waits(plane: xr.Dataset) -> Waits:
    """The delays that the laws are judged on, and how many runs were left out, and why.

    With decay, of configurations in which every seed generalised (a censored seed would shorten the others' mean), at
    least one evaluation long, and with weights that were smaller afterwards, where the law of norms applies.
    """
    plane = plane.transpose("weight_decay", "train_fraction", "seed")
    decay, delay = plane["weight_decay"], plane["delay"]
    fell = np.log(plane["sum_squared_weights_memorised"] / plane["sum_squared_weights_generalised"])
    generalised = plane["generalised"].notnull()
    whole = generalised.all("seed") & generalised & (decay > 0)
    long = whole & (delay >= plane.attrs["every"])
    used = (long & (fell > 0)).values
    i, j, _ = np.nonzero(used)
    gamma = (plane.attrs["rate"] * decay).broadcast_like(delay).values[used]
    said = {
        RATE: -np.log(gamma),
        NORM: np.log(fell.values[used]) - np.log(gamma),
        SCALE: np.log(plane["logit_scale_memorised"].values[used]),
    }
    counted = {
        "runs with decay": int((plane["last_step"].notnull() & (decay > 0)).sum()),
        "censored": int((plane["last_step"].notnull() & ~generalised & (decay > 0)).sum()),
        "beside a censored seed": int((generalised & ~whole & (decay > 0)).sum()),
        "sooner than an evaluation": int((whole & ~long).sum()),
        "norm not fallen": int((long & ~(fell > 0)).sum()),
    }
    return Waits(
        np.log(delay.values[used]), said, i * plane.sizes["train_fraction"] + j, (i + j) % 2, counted
    )


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
    """A finding for the law of norms, and for that of the logit scale."""
    delays = waits(plane)
    left_out = ", ".join(f"{name}: {count}" for name, count in delays.counted.items())
    if delays.n_configurations < FEWEST or min((delays.fold == fold).sum() for fold in (0, 1)) < 3:
        return [_undecided(law, left_out, delays) for law in (NORM, SCALE)]
    errors = {law: (foreseen(delays, law) - delays.delay) ** 2 for law in (None, RATE, NORM, SCALE)}
    explained = {law: 1 - float(each.mean() / errors[None].mean()) for law, each in errors.items()}
    return [_judged(law, delays, errors, explained, left_out) for law in (NORM, SCALE)]


def _undecided(law: str, left_out: str, delays: Waits) -> gl.Finding:
    """Too few configurations; refuted where that is because the norm had not fallen."""
    not_fallen = law == NORM and delays.counted["norm not fallen"] > len(delays.delay)
    note = f"{delays.n_configurations} configurations; {left_out}"
    verdict: Any = "refuted" if not_fallen and delays.counted["norm not fallen"] >= FEWEST else "undecided"
    units = "share of variance explained"
    return gl.Finding(_CLAIMS[law], None, units, verdict, (), _SOURCES[law], note, f"law.{law}")


def _judged(
    law: str, delays: Waits, errors: Mapping[Any, np.ndarray], explained: Mapping[Any, float], left_out: str
) -> gl.Finding:
    low, high = gained_over(errors[RATE] - errors[law], delays.configuration)
    value = explained[law]
    not_fallen = law == NORM and delays.counted["norm not fallen"] > len(delays.delay)
    refuted = value <= 0 or high < 0 or not_fallen
    spread = np.exp(np.sqrt(errors[law].mean()))
    return gl.Finding(
        _CLAIMS[law],
        value,
        "share of the variance of log delay explained",
        "refuted" if refuted else "supported" if value >= EXPLAINED and low > 0 else "undecided",
        gl.Control.several(
            {
                "rate_alone": ("explained by 1 / (lr · decay) alone", explained[RATE]),
                "mean": ("explained by the mean delay of the other configurations", 0.0),
            }
        ),
        source=_SOURCES[law],
        note=f"off by a factor of {spread:.2f}; squared error saved over 1 / (lr · decay): {low:.3f} to {high:.3f} "
        f"(95 %, configurations drawn anew); {len(delays.delay)} runs in {delays.n_configurations} configurations; "
        f"{left_out}",
        key=f"law.{law}",
    )


def gained_over(saved: np.ndarray, configuration: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean over runs when configurations are drawn anew, all seeds of one together."""
    names = np.unique(configuration)
    sums = np.array([saved[configuration == name].sum() for name in names])
    counts = np.array([(configuration == name).sum() for name in names])
    drawn = np.random.default_rng(0).integers(0, len(names), (DRAWS, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
