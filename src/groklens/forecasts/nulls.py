"""The nulls: elapsed time and hyper-parameters, which a signal must beat to say anything."""

from __future__ import annotations

from dataclasses import dataclass, field

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory


@dataclass(frozen=True)
class ElapsedTime:
    """The number of updates so far: what any signal that only grows with time must beat.

    >>> ElapsedTime().sees
    'train_only'
    """

    name: str = field(default="elapsed_time", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="updates", init=False)
    source: str = field(default="a null: the clock", init=False)

    def value(self, trajectory: Trajectory) -> float:
        """The step up to which the run is seen."""
        return float(trajectory.step)


#: The unit of each.
_UNITS = {
    "learning_rate": "per update",
    "weight_decay": "per update and learning rate",
    "train_share": "share of examples",
}


@dataclass(frozen=True)
class HyperParameter:
    """One hyper-parameter of a run's recipe as a signal: `learning_rate`, `weight_decay` or `train_share`.

    nan for a run without a recipe, or whose optimiser has none of that name.

    >>> HyperParameter("weight_decay").units
    'per update and learning rate'
    """

    name: str
    sees: Sees = field(default="train_only", init=False)
    source: str = field(default="a null: what was chosen before training", init=False)

    @property
    def units(self) -> str:
        """The unit of its number."""
        return _UNITS[self.name]

    def value(self, trajectory: Trajectory) -> float:
        """The recipe's number."""
        return float("nan") if trajectory.chosen is None else float(getattr(trajectory.chosen, self.name))


#: The hyper-parameters that a library of runs holds.
HYPER_PARAMETERS = tuple(HyperParameter(name) for name in _UNITS)
