"""`CommutatorDefect`: how much the order of two batches matters to a small step of descent."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median

import torch
from torch import Tensor

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory
from groklens.measures import StackedLosses


@dataclass(frozen=True)
class CommutatorDefect:
    """Median over pairs of batches of ‖θ_AB − θ_BA‖ / (‖η g_A‖ ‖η g_B‖), per unit of weight.

    θ_AB are the weights after a step of plain descent on batch A and then one on batch B, both of size η times the
    gradient there. 0 where the order does not matter, as on one flat or quadratic slope that both batches share; large
    where the loss bends differently for different examples. nan where a gradient is 0. Batches are drawn from the train
    examples, without a common one.

    Args:
        eta: size of the step.
        pairs: how many pairs of batches.
        batch: examples of a batch; half of the train examples where they are fewer than two batches.
        seed: of the batches.

    >>> CommutatorDefect().pairs
    9
    """

    eta: float = 1e-3
    pairs: int = 9
    batch: int = 64
    seed: int = 0
    name: str = field(default="commutator_defect", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="per weight", init=False)
    source: str = field(default="arXiv:2602.16746, from the authors' code: η = 1e-3, median of 9", init=False)

    def value(self, trajectory: Trajectory) -> float:
        """The median defect at the last kept step, by the loss of the recipe."""
        loss = "cross_entropy" if trajectory.chosen is None else trajectory.chosen.loss
        losses = StackedLosses(trajectory.snapshot(), self.pairs, loss)
        first, second = self._batches(losses.n_examples)
        start = losses.start
        one, other = (_gradients(losses, start, rows) for rows in (first, second))
        there = _gradients(losses, _stepped(start, one, self.eta), second)
        back = _gradients(losses, _stepped(start, other, self.eta), first)
        # θ_AB − θ_BA = η (g_B + g_A(θ − η g_B)) − η (g_A + g_B(θ − η g_A)), without the weights' own rounding.
        apart = [(b - b2) - (a - a2) for a, b, a2, b2 in zip(one, other, back, there, strict=True)]
        defects = (_norm(apart) / (self.eta * _norm(one) * _norm(other))).tolist()
        return median(defects) if all(map(math.isfinite, defects)) else float("nan")

    def _batches(self, n_examples: int) -> tuple[Tensor, Tensor]:
        """Rows of both batches of every pair (pair × example), drawn from the seed alone."""
        generator = torch.Generator().manual_seed(self.seed)
        size = min(self.batch, n_examples // 2)
        drawn = torch.stack([torch.randperm(n_examples, generator=generator) for _ in range(self.pairs)])
        return drawn[:, :size], drawn[:, size : 2 * size]


def _gradients(losses: StackedLosses, values: list[Tensor], rows: Tensor) -> list[Tensor]:
    """Gradients of every copy's loss over its own rows, in double precision."""
    asked = [value.detach().requires_grad_() for value in values]
    with torch.enable_grad():
        found = torch.autograd.grad(losses.over(asked, rows).sum(), asked)
    return [each.double() for each in found]


def _stepped(values: list[Tensor], gradients: list[Tensor], eta: float) -> list[Tensor]:
    return [(v.double() - eta * g).to(v.dtype) for v, g in zip(values, gradients, strict=True)]


def _norm(parts: list[Tensor]) -> Tensor:
    """The norm over all parts of each copy (copy)."""
    return torch.stack([part.flatten(1).square().sum(dim=1) for part in parts]).sum(dim=0).sqrt()
