"""The nulls: elapsed time and hyper-parameters, which a signal must beat to say anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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


#: What is read from a recipe: its name here, unit, and where it stands; nan where the recipe has none.
_READ: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "learning_rate": ("per update", lambda recipe: getattr(recipe.optimizer, "lr", None)),
    "weight_decay": (
        "per update and learning rate",
        lambda recipe: getattr(recipe.optimizer, "weight_decay", None),
    ),
    "train_share": ("share of examples", lambda recipe: recipe.train_fraction),
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
        return _READ[self.name][0]

    def value(self, trajectory: Trajectory) -> float:
        """The recipe's number."""
        found = None if trajectory.recipe is None else _READ[self.name][1](trajectory.recipe)
        return float("nan") if found is None else float(found)


#: The hyper-parameters that a library of runs holds.
HYPER_PARAMETERS = tuple(HyperParameter(name) for name in _READ)
