"""Runs that differ in their seed alone stand together: halves of the configurations, and intervals over these."""

import numpy as np

DRAWS = 1000


def halves_of(configuration: np.ndarray) -> np.ndarray:
    """0 or 1 for each run: the half of the configurations that it is in, drawn once (run)."""
    names, which = np.unique(configuration, return_inverse=True)
    return np.isin(which, np.random.default_rng(0).permutation(len(names))[: len(names) // 2]).astype(int)


def over_configurations(values: np.ndarray, configuration: np.ndarray) -> tuple[float, float]:
    """A 95 % interval of the mean over runs, configurations drawn with replacement."""
    _, which = np.unique(configuration, return_inverse=True)
    n = int(which.max()) + 1
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)[:, which]
    low, high = np.quantile((drawn * values).sum(axis=1) / np.maximum(drawn.sum(axis=1), 1), [0.025, 0.975])
    return float(low), float(high)
