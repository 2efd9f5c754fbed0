"""Where a smooth function of a few numbers is least."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

_ENOUGH, _MOST = 1e-7, 300


def minimum(
    cost: Callable[[np.ndarray], tuple[float, np.ndarray]], start: Float[np.ndarray, "parameter"]
) -> Float[np.ndarray, "parameter"]:
    """The place at which a cost is least near `start`, by BFGS with backtracking (Nocedal and Wright 2006, chapter 6).

    `cost` gives the value and its gradient.

    >>> minimum(lambda x: (float(((x - 3) ** 2).sum()), 2 * (x - 3)), np.zeros(2)).round(6).tolist()
    [3.0, 3.0]
    """
    place, curvature = start.astype(float), np.eye(len(start))
    value, slope = cost(place)
    for _ in range(_MOST):
        way = -curvature @ slope
        if way @ slope >= 0:  # rounding has spoilt the curvature
            curvature, way = np.eye(len(start)), -slope
        length = min(1.0, 3.0 / (np.abs(way).max() + 1e-300))
        while cost(place + length * way)[0] > value + 1e-4 * length * (way @ slope) and length > 1e-12:
            length /= 2
        step = length * way
        value, after = cost(place + step)
        turned = after - slope
        place, slope = place + step, after
        if np.abs(slope).max() < _ENOUGH or np.abs(step).max() < 1e-10:
            break
        along = float(turned @ step)
        if along > 1e-12:
            part = np.eye(len(start)) - np.outer(step, turned) / along
            curvature = part @ curvature @ part.T + np.outer(step, step) / along
    return place
