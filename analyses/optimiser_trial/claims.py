"""Claims about times to generalise that are censored: log-rank tests, corrected for their number, and ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from analyses.optimiser_trial.arms import ARMS, BASE, CONTROL, FILTER, METHODS

import groklens as gl

#: A test counts below this after the correction.
LEVEL = 0.05
#: A method that takes more than this share of the other's time is no faster to speak of.
NO_GAIN = 0.9
DRAWS = 2000
_SOURCES = {
    "Grokfast": "Lee et al. 2024 (arXiv:2405.20233); the control is the rate that its gain amounts to",
    "⊥Grad": "Prieto et al. 2025 (arXiv:2501.04697)",
    "StableMax": "Prieto et al. 2025 (arXiv:2501.04697)",
    "Muon": "Tveit et al. 2025 (arXiv:2504.16041)",
}


def times(trial: xr.Dataset, arm: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    """When each run generalised or was last seen, and whether it did, over seeds."""
    own = trial.sel(arm=arm, width=width)
    known = own["generalised"].notnull().values
    return np.where(known, own["generalised"].values, own["last_step"].values), known


def p_value(trial: xr.Dataset, width: int, one: str, other: str) -> float:
    """The log-rank test's p between two arms; 1 where nothing generalises in either."""
    (first, known), (second, also) = (times(trial, arm, width) for arm in (one, other))
    observed = np.append(known, also)
    if not observed.any():
        return 1.0
    return gl.theory.log_rank(np.append(first, second), observed, [0] * len(first) + [1] * len(second))[1]


def holm(values: Mapping[tuple[str, str, int], float]) -> dict[tuple[str, str, int], float]:
    """p-values corrected for their number, the smallest the most: Holm 1979.

    >>> holm({("a", "", 0): 0.01, ("b", "", 0): 0.04})
    {('a', '', 0): 0.02, ('b', '', 0): 0.04}
    """
    found, least = {}, 0.0
    for rank, (key, value) in enumerate(sorted(values.items(), key=lambda each: each[1])):
        least = max(least, min(1.0, (len(values) - rank) * value))
        found[key] = least
    return found


def ratio(trial: xr.Dataset, width: int, one: str, other: str) -> tuple[float, float, float]:
    """Mean time to generalise within the run's length, of one arm over another, and its 95 % interval over seeds.

    A censored run counts with its whole length: of an arm that rarely generalises the mean is too small, and so is what
    is said against it. Seeds are drawn anew in pairs, for a seed is the same split and draw of weights in both.
    """
    first, second = (times(trial, arm, width)[0] for arm in (one, other))
    drawn = np.random.default_rng(0).integers(len(first), size=(DRAWS, len(first)))
    spread = first[drawn].mean(axis=1) / second[drawn].mean(axis=1)
    low, high = np.quantile(spread, (0.025, 0.975))
    return float(first.mean() / second.mean()), float(low), float(high)


def is_known(trial: xr.Dataset, width: int, arm: str = BASE) -> bool:
    """Whether AdamW, or another arm, generalises in at least half of the seeds: a time to be compared with."""
    return bool(times(trial, arm, width)[1].mean() >= 0.5)


def rivals(trial: xr.Dataset, method: str) -> tuple[str, ...]:
    """What a method is compared with: AdamW; Grokfast with its control too, where that was run."""
    return (BASE, CONTROL) if method == FILTER and CONTROL in trial["arm"].values else (BASE,)


def sooner(trial: xr.Dataset) -> list[gl.Finding]:
    """One finding for each method: whether it generalises sooner than AdamW, and Grokfast than its control."""
    widths = trial["width"].values.tolist()
    every = [
        (method, rival, width) for method in METHODS for rival in rivals(trial, method) for width in widths
    ]
    corrected = holm({key: p_value(trial, key[2], key[0], key[1]) for key in every})
    return [_judged(trial, method, widths, corrected) for method in METHODS]


def _judged(
    trial: xr.Dataset, method: str, widths: Sequence[int], corrected: Mapping[tuple[str, str, int], float]
) -> gl.Finding:
    pairs = [(rival, width) for rival in rivals(trial, method) for width in widths]
    found = {(rival, width): ratio(trial, width, method, rival) for rival, width in pairs}
    won = [each[0] < 1 and corrected[method, rival, width] < LEVEL for (rival, width), each in found.items()]
    won.append(
        method != FILTER or CONTROL in rivals(trial, method)
    )  # a rate may have done what the filter does
    lost = [found[BASE, width][1] > NO_GAIN and is_known(trial, width) for width in widths]
    said = "; ".join(
        f"width {width} against {rival}: {each[0]:.2f} ({each[1]:.2f} to {each[2]:.2f}), "
        f"p {corrected[method, rival, width]:.2g}"
        for (rival, width), each in found.items()
    )
    return gl.Finding(
        f"{method} generalises sooner than AdamW tuned over as many configurations at every width"
        + (", and than AdamW at thrice its own rate" if method == FILTER else ""),
        float(np.mean([found[BASE, width][0] for width in widths])),
        "of AdamW's mean time to generalise, mean of the widths",
        "supported" if all(won) else "refuted" if all(lost) else "undecided",
        source=_SOURCES[method],
        note=f"generalised {_counts(trial, method, widths)}; {said} (Holm, {len(corrected)} tests)",
        key=f"sooner.{_KEYS[method]}",
    )


_KEYS = {"Grokfast": "grokfast", "⊥Grad": "ortho_grad", "StableMax": "stablemax", "Muon": "muon"}


def _counts(trial: xr.Dataset, arm: str, widths: Sequence[int]) -> str:
    known = [times(trial, arm, width)[1] for width in widths]
    return " and ".join(f"{int(each.sum())} of {len(each)}" for each in known)


def of_rate(trial: xr.Dataset) -> gl.Finding:
    """Beside the question: whether Grokfast is sooner than AdamW at thrice its rate, by what its filter does."""
    widths = trial["width"].values.tolist() if CONTROL in trial["arm"].values else []
    found = [ratio(trial, width, FILTER, CONTROL) for width in widths]
    won = [high < 1 for _, _, high in found]
    lost = [
        low > NO_GAIN and a != 1 and is_known(trial, width, CONTROL)
        for width, (a, low, _) in zip(widths, found, strict=True)
    ]
    return gl.Finding(
        "beside the question: Grokfast generalises sooner than AdamW at thrice its rate at every width",
        float(np.mean([each[0] for each in found])) if found else None,
        "of the control's mean time to generalise, mean of the widths",
        "undecided" if not found else "supported" if all(won) else "refuted" if all(lost) else "undecided",
        note="; ".join(
            f"width {width}: {a:.2f} ({b:.2f} to {c:.2f})"
            for width, (a, b, c) in zip(widths, found, strict=True)
        )
        or "the control was not run",
        key="rate",
        role="aside",
    )


def bracketed(chosen: Mapping[str, int]) -> gl.Finding:
    """Beside the question: whether every arm chose a rate between its least and its largest."""
    rates = {name: index // len(ARMS[BASE].decays) for name, index in chosen.items()}
    last = len(ARMS[BASE].rates) - 1
    largest, least = ([name for name, rate in rates.items() if rate == end] for end in (last, 0))
    return gl.Finding(
        "beside the question: every arm chose a rate between the least and the largest of its range at every width",
        len(largest + least) / len(rates),
        "share of choices at an end of the range",
        "refuted" if largest or least else "supported",
        note=f"at the largest {len(largest)} of {len(rates)} ({'; '.join(largest)}), at the least {len(least)} "
        f"({'; '.join(least)}): an optimum beyond the range would not have been found",
        key="bracketed",
        role="aside",
    )
