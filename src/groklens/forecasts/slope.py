"""`TestLossSlope`: how fast the test loss falls, on logarithms of loss and step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory

#: Rows of a slope, at most: the median is over all pairs of them.
_MOST_ROWS = 200


@dataclass(frozen=True)
class TestLossSlope:
    """Theil–Sen slope of ln test loss over ln step, in the last part of what is seen of a run.

    The median over all pairs of evaluated rows of the slope between them, which one outlier does not move: −1 where the
    loss falls as 1/step, 0 where it stands still, above 0 where it rises. nan for fewer than three rows.

    Args:
        since: where the last part begins, as a share of the step; from half of it on where not given.

    >>> TestLossSlope().sees
    'held_out'
    """

    since: float = 0.5
    name: str = field(default="test_loss_slope", init=False)
    sees: Sees = field(default="held_out", init=False)
    units: str = field(default="ln nats per ln update", init=False)
    source: str = field(
        default="Theil 1950, Sen 1968; of the log-log tail, which begins at half the step (ours)", init=False
    )

    def value(self, trajectory: Trajectory) -> float:
        """The slope up to the trajectory's step."""
        return tail_slope(trajectory.evaluated("test_loss"), self.since * trajectory.step)


def tail_slope(loss: xr.DataArray, since: float) -> float:
    """Theil–Sen slope of ln loss over ln step, of the rows from step `since` on; nan for fewer than three."""
    steps, losses = loss["step"].values.astype(float), loss.values
    rows = np.flatnonzero((steps >= max(1.0, since)) & (losses > 0))
    if len(rows) > _MOST_ROWS:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(int))]
    return theil_sen(np.log(steps[rows]), np.log(losses[rows]))


def theil_sen(x: np.ndarray, y: np.ndarray) -> float:
    """The median slope between all pairs of points; nan for fewer than three.

    >>> theil_sen(np.arange(5.0), np.array([0.0, 2.0, 4.0, 6.0, 100.0]))
    2.0
    """
    if len(x) < 3:
        return float("nan")
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))
