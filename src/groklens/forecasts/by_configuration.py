"""Runs that differ in their seed alone stand together: halves of the configurations, and intervals over these."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool

from groklens.forecasts.ranking import bootstrap, interval

DRAWS = 1000


def first_half(configuration: Any, seed: int = 0) -> Bool[np.ndarray, "run"]:
    """Whether each run is in the first half of the configurations, which `seed` draws: all its seeds, or none (run).

    >>> [sum(first_half(list("aabb"))[:2]), sum(first_half(list("aabb"))[2:])] in ([0, 2], [2, 0])
    True
    """
    names, which = np.unique(configuration, return_inverse=True)
    return np.isin(which, np.random.default_rng(seed).permutation(len(names))[: len(names) // 2])


def over_configurations(values: Any, configuration: Any, seed: int = 0) -> tuple[float, float]:
    """A 95 % interval of the mean over runs, configurations drawn with replacement; nan for no run.

    >>> over_configurations([1.0, 1.0, 1.0], ["a", "a", "b"])
    (1.0, 1.0)
    """
    weights = bootstrap(np.asarray(configuration), DRAWS, np.random.default_rng(seed))[1:]
    return interval((weights * np.asarray(values)).sum(axis=1) / np.maximum(weights.sum(axis=1), 1))
