"""`LearningCoefficient`: the local learning coefficient as a signal, which costs seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory
from groklens.measures import LLC, learning_coefficient


@dataclass(frozen=True)
class LearningCoefficient:
    """The local learning coefficient of the train loss at the last kept step, healthy or not.

    A signal is read off a number however it was come by, so that the estimate stands where `gl.measures.LLC` would call
    it undecided: a model that still learns stands at no minimum. `llc` has its settings.

    >>> LearningCoefficient().sees
    'train_only'
    """

    llc: LLC = LLC(draws=100, burn_in=30, chains=2)  # noqa: RUF009 (frozen)
    name: str = field(default="llc", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="learning coefficient", init=False)
    source: str = field(
        default="Lau et al. 2023, arXiv:2308.12108; ε 1e-3, γ 5, nβ = n/ln n, 100 draws of 2 chains after 30",
        init=False,
    )

    def value(self, trajectory: Trajectory) -> float:
        """The estimate by the chains of `llc`, of the train examples that are seen."""
        return float(learning_coefficient(trajectory.snapshot(), self.llc).value)
