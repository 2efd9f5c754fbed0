"""`descends_twice`: whether a mean over seeds rises and falls again, its turns chosen on other seeds than judge it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from groklens.errors import BadArgument
from groklens.theory.over_seeds import mean_and_error

#: Student's t, one-sided at 5 %, by the number of groups that the seeds are in; more groups than five choose their
#: places on all but the same seeds, and so on those that judge them.
_T = {2: 6.314, 3: 2.920, 4: 2.353, 5: 2.132}


def descends_twice(values: xr.DataArray, along: Sequence[float] | Any = None) -> bool:
    """Whether a variable's mean over seeds rises and falls again along its other axis, beyond its error.

    The seeds are put in at most five groups. For each, the peak and the low on either side are chosen on all other
    seeds, and its own seeds say how far the peak stands above the higher low. True where the mean of these heights is
    above 0 by a t-test at 5 %, one-sided, its error corrected for seeds that judge and choose in turn (Nadeau and
    Bengio 2003) and no less than that of the median place. As no place is chosen on the seeds that judge it, their
    number needs no correction: of flat curves, single U's and curves that fall, of 8 to 40 places and 3 to 5 seeds of
    equal noise, under 1 % are called so; of the worst, flat but for one low end, under 4 %, and up to 10 % where every
    fifth place is twenty times as noisy. With two seeds a height of 11 standard errors is asked for, with five of 3.2.

    `along` places it by other numbers than the axis' own, such as effective parameters; of places that are equal the
    first counts, and fewer than three show nothing. Raises `BadArgument` for one seed or equal ones, which have no
    error, and for nan. Of a mean and errors that are known without seeds: `has_double_descent`.

    >>> from groklens.theory import sweep_table
    >>> rows = [[3, 1, 4, 1], [3, 1, 4.1, 1]]
    >>> table = sweep_table(("width", [1, 2, 3, 4], "width"), [0, 1], {"test": (rows, "test error", "share")})
    >>> descends_twice(table["test"])
    True
    """
    mean, error = mean_and_error(values)
    if mean.ndim != 1:
        raise BadArgument(
            f"The variable has the axes {', '.join(map(str, values.dims))}; give seed and one other."
        )
    axis = next(str(dim) for dim in values.dims if dim != "seed")
    _check_seeds(values.transpose("seed", axis))
    places = np.asarray(values[axis].values if along is None else along, dtype=float)
    apart = np.unique(places, return_index=True)[1]
    if len(apart) < 3:
        return False
    rows = values.transpose("seed", axis).values.astype(float)[:, apart]
    return _beyond_error(_heights(rows), float(np.median(error[apart])))


def _heights(rows: Float[np.ndarray, "seed place"]) -> Float[np.ndarray, "group"]:
    """How far each group of seeds has the peak that the others choose above the higher of the lows they choose."""
    group = np.arange(len(rows)) % min(len(rows), max(_T))
    found = []
    for one in range(group.max() + 1):
        low, peak, other = _turns(rows[group != one])
        own = rows[group == one].mean(axis=0)
        found.append(own[peak] - max(own[low], own[other]))
    return np.array(found)


def _turns(rows: Float[np.ndarray, "seed place"]) -> tuple[int, int, int]:
    """The peak that stands clearest above a place on either side, by the seeds' own errors, and these places."""
    mean = rows.mean(axis=0)
    spread = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.ones_like(mean)
    spread = np.maximum(spread, np.median(spread))  # of few seeds some agree by chance
    apart = np.hypot(spread[:, None], spread[None])
    rise = (mean[:, None] - mean[None]) / np.where(apart > 0, apart, np.finfo(float).tiny ** 0.5)
    before = np.tri(len(mean), k=-1, dtype=bool)
    left, right = np.where(before, rise, -np.inf), np.where(before.T, rise, -np.inf)
    peak = int(np.minimum(left.max(axis=1), right.max(axis=1)).argmax())
    return int(left[peak].argmax()), peak, int(right[peak].argmax())


def _beyond_error(heights: Float[np.ndarray, "group"], usual: float) -> bool:
    """Whether the mean height is above 0 beyond its error, which is no less than that of two `usual` places."""
    count = len(heights)
    error = max(float(heights.std(ddof=1)) / count**0.5, 2**0.5 * usual)
    if heights.mean() <= 0:
        return False
    if error == 0:
        raise BadArgument(
            "The seeds hold equal numbers, so nothing tells how far they are off; give seeds that differ, or of an "
            "exact curve ask gl.theory.has_double_descent(x, y, stderr=0.0)."
        )
    return bool(heights.mean() > _T[count] * (1 + count / (count - 1)) ** 0.5 * error)


def _check_seeds(rows: xr.DataArray) -> None:
    """Raise `BadArgument` for one seed, whose error nobody knows, or for nan, which is said where."""
    if rows.sizes["seed"] < 2:
        raise BadArgument(
            "The variable has one seed, and so no error; give two at least, better five, or of an exact curve ask "
            "gl.theory.has_double_descent(x, y, stderr=0.0)."
        )
    gone = np.argwhere(np.isnan(rows.values.astype(float)))
    if len(gone):
        axis, (seed, place) = rows.dims[1], gone[0]
        which = rows["seed"].values[seed] if "seed" in rows.coords else seed
        at = rows[axis].values[place] if axis in rows.coords else place
        raise BadArgument(
            f"Seed {which} holds nan at {axis} {at:g}; leave that seed or that place out, such as by "
            f"table.dropna({str(axis)!r})."
        )
