"""`HankelDMD`: how far the log-probabilities of train examples are from linear dynamics."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory
from groklens.snapshots import judged_by


@dataclass(frozen=True)
class HankelDMD:
    """Share of the motion of log-probabilities that no linear dynamics with memory explain, in [0, 1].

    Log-probabilities of the targets of all train examples at the last `window` kept steps are projected on their
    `rank` strongest directions; each `delays` consecutive ones make a column of a Hankel matrix, and one linear map
    takes every column to the next. The number is what it leaves of the motion: 0 where learning goes on as a linear
    system would, or stands still; near 1 where the next step is news. nan for fewer kept steps than the map has to be
    fitted.

    Steps are the kept ones, usually evenly spaced on a logarithm: linear dynamics in the logarithm of time.

    >>> HankelDMD().sees
    'train_only'
    """

    window: int = 12
    delays: int = 2
    rank: int = 2
    name: str = field(default="hankel_dmd", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="share of motion", init=False)
    source: str = field(
        default="arXiv:2605.08237 (abstract: residual of Hankel-DMD of log-probabilities); window, delays, rank and "
        "train examples alone are ours",
        init=False,
    )

    def value(self, trajectory: Trajectory) -> float:
        """The residual over the last kept steps."""
        steps = [step for step in trajectory.steps if step > 0][-self.window :]
        if len(steps) < self.delays * (self.rank + 1) + 2:
            return float("nan")
        rows = [_log_probabilities(trajectory, step) for step in steps]
        return dmd_residual(np.stack(rows, axis=1), self.delays, self.rank)


def _log_probabilities(trajectory: Trajectory, step: int) -> np.ndarray:
    """ln p of every train example's target at a kept step, in double precision."""
    snapshot = trajectory.snapshot(step)
    log_p = torch.log_softmax(snapshot.logits.double(), dim=1)
    return log_p.gather(1, judged_by(snapshot.task, "train")[:, None])[:, 0].numpy()


def dmd_residual(values: np.ndarray, delays: int, rank: int) -> float:
    """What the best linear map from each stretch of `delays` columns to the next leaves of their motion, in [0, 1].

    `values` are feature × time. 0 for values that follow one linear recurrence of that order, or do not move.

    >>> time = np.arange(12)
    >>> bool(dmd_residual(np.stack([0.9**time, 0.5**time]), 1, 2) < 1e-10)
    True
    """
    centred = values - values.mean(axis=1, keepdims=True)
    _, scale, right = np.linalg.svd(centred, full_matrices=False)
    reduced = (
        scale[:rank, None] * right[:rank]
    )  # the trajectory on its strongest directions, direction × time
    n = reduced.shape[1] - delays + 1
    stretches = np.concatenate([reduced[:, i : i + n] for i in range(delays)])
    before, after = np.vstack([stretches[:, :-1], np.ones(n - 1)]), reduced[:, delays:]
    moved = np.square(after - reduced[:, delays - 1 : -1]).sum()
    if moved <= 1e-20 * max(np.square(values).sum(), 1e-300):
        return 0.0
    fitted = np.linalg.lstsq(before.T, after.T, rcond=1e-10)[0].T @ before
    return float(min(1.0, np.sqrt(np.square(after - fitted).sum() / moved)))
