"""`WeightNorm` and `WeightMotion`: how large the weights are, and how far they moved of late."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory
from groklens.measures import sum_squared_weights
from groklens.models import trained_of


@dataclass(frozen=True)
class WeightNorm:
    """The norm ‖θ‖ of all weights at the last kept step.

    >>> WeightNorm().units
    'norm'
    """

    name: str = field(default="weight_norm", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="norm", init=False)
    source: str = field(default="Liu et al. 2022, arXiv:2210.01117; every parameter", init=False)

    def value(self, trajectory: Trajectory) -> float:
        """The root of the sum of squares of every parameter."""
        return math.sqrt(float(sum_squared_weights(trajectory.snapshot())))


@dataclass(frozen=True)
class WeightMotion:
    """How far the weights moved between the last two kept steps, ‖Δθ‖ / (‖θ‖ Δ ln step).

    0 where they stand still; 1 where they would be elsewhere altogether by e times the step. nan where only one step
    above 0 is kept.

    >>> WeightMotion().units
    'share of the norm per ln update'
    """

    name: str = field(default="weight_motion", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="share of the norm per ln update", init=False)
    source: str = field(default="ours: motion between checkpoints, by the logarithm of the step", init=False)

    def value(self, trajectory: Trajectory) -> float:
        """How far the weights are from those of the kept step before, by the logarithm of the steps between."""
        steps = [step for step in trajectory.steps if step > 0][-2:]
        if len(steps) < 2:
            return float("nan")
        before, after = (
            torch.cat(
                [each.detach().double().flatten() for each in trained_of(trajectory.snapshot(step).model)]
            )
            for step in steps
        )
        moved = float((after - before).norm()) / max(float(after.norm()), 1e-300)
        return moved / math.log(steps[1] / steps[0])
