"""How well a score puts runs in the order in which they change: the C-index, of which the AUROC is one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

#: Every run once: the weights when nothing is drawn anew.
Weights = Float[np.ndarray, "draw run"]


def concordance(
    score: Float[np.ndarray, "run"], before: Bool[np.ndarray, "run run"], weights: Weights | None = None
) -> Float[np.ndarray, "draw"]:
    """Share of comparable pairs of runs in which the one that changes first has the higher score, a tie being half.

    1: the order is foreseen; 0.5: nothing is; 0: it is foreseen the wrong way round; nan where no two runs can be
    compared. `before[i, j]` says that i is known to change before j does; `weights` are how often each run was drawn,
    one row for each draw (`bootstrap`). Source: Harrell et al. 1982 (C-index); with `before` from positives to
    negatives it is the area under the ROC curve.

    >>> concordance(np.array([0.9, 0.2]), np.array([[False, True], [False, False]])).tolist()
    [1.0]
    """
    weights = np.ones((1, len(score))) if weights is None else weights
    won = (score[:, None] > score[None, :]) + 0.5 * (score[:, None] == score[None, :])
    pairs = ((weights @ before) * weights).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(((weights @ (before * won)) * weights).sum(axis=1) / pairs)


def positives_first(changes: Bool[np.ndarray, "run"]) -> Bool[np.ndarray, "run run"]:
    """The pairs that an AUROC compares: every run that changes with every one that does not (run × run)."""
    return np.asarray(changes[:, None] & ~changes[None, :])


def changed_first(
    change: Float[np.ndarray, "run"], seen: Float[np.ndarray, "run"]
) -> Bool[np.ndarray, "run run"]:
    """The pairs of which it is known that one changed before the other (run × run).

    `change` is the first evaluation after the change, infinite where there was none; `seen` the last before it, or the
    last of all. A change lies between the two, so that two runs whose intervals overlap are not compared.
    """
    return np.asarray(change[:, None] <= seen[None, :]) & np.isfinite(change)[:, None]


def bootstrap(groups: np.ndarray, draws: int, rng: np.random.Generator) -> Weights:
    """How often each run is drawn: first each once, then `draws` draws of whole groups with replacement (draw × run).

    Runs of one configuration resemble each other: drawing runs one by one would give intervals that are too short.
    """
    _, which = np.unique(groups, return_inverse=True)
    n = int(which.max(initial=-1)) + 1
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=draws) if n else np.zeros((draws, 0))
    return np.vstack([np.ones(len(groups)), drawn[:, which]])


def shuffled(
    labels: Bool[np.ndarray, "run"], groups: np.ndarray, draws: int, rng: np.random.Generator
) -> Bool[np.ndarray, "draw run"]:
    """The outcomes dealt out anew, each group receiving those of another (draw × run): the permutation null.

    Outcomes of one group stay together, so that they stay as alike within a group as they are; where the groups are of
    unequal size some outcomes are left out, or come twice.
    """
    _, which = np.unique(groups, return_inverse=True)
    order = np.argsort(which, kind="stable")
    sizes = np.bincount(which)
    first = np.append(0, np.cumsum(sizes)[:-1])
    place = np.empty(len(which), dtype=int)
    place[order] = np.arange(len(which)) - np.repeat(first, sizes)
    found = np.empty((draws, len(labels)), dtype=bool)
    for draw in found:
        source = rng.permutation(len(sizes))[which]
        draw[:] = labels[order[first[source] + place % sizes[source]]]
    return found


def interval(values: Float[np.ndarray, "draw"], level: float = 0.95) -> tuple[float, float]:
    """The central interval of the draws that have a value; nan where none has."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
