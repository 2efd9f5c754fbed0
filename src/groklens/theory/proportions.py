"""`wilson`: how far a share of so many may be from the true one."""

from __future__ import annotations

from typing import Any

import numpy as np

#: The standard normal's 97.5 % point.
_Z = 1.959963984540054


def wilson(count: Any, n: Any) -> tuple[Any, Any]:
    """The 95 % interval of a share of `count` out of `n`, numbers or arrays, each end from 0 to 1. Source: Wilson 1927.

    A wide one says that `n` is too small to tell; it never leaves 0 to 1, as a normal interval does.

    >>> [round(float(end), 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    share = np.asarray(count) / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
