"""`RunLike`: a user's own object with a task, steps and snapshots, accepted wherever a run is."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import whole_number
from groklens.recipes import Recipe
from groklens.runs.source import Source
from groklens.snapshots import Snapshot, split_index
from groklens.tasks import Task


@runtime_checkable
class RunLike(Protocol):
    """An object with a task, kept steps and a snapshot at each, which can stand in for a `Run`."""

    @property
    def task(self) -> Task:
        """What is learned."""

    @property
    def steps(self) -> list[int]:
        """Kept steps."""

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates."""


#: What such an object may know besides, and of what type it is then; anything else by these names is something else.
_MAY_KNOW: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "format": str,
    "recipe": Recipe,
    "finished": bool,
    "known": dict,
    "environment": dict,
    "model": dict,
    "history": xr.Dataset,
    "train_share": float,
    "unguarded": tuple,
}


class OwnObject(Source):
    """A run's source over a `RunLike`, with whatever attributes of a `Run` it has."""

    def __init__(self, own: RunLike) -> None:
        self._own: Any = own
        self.task, self.name = own.task, own.task.name
        self.steps = sorted({whole_number("A step of the run", step) for step in own.steps})
        for name, kind in _MAY_KNOW.items():
            if isinstance(value := getattr(own, name, None), kind):
                setattr(self, name, value)

    @cached_property
    def train_index(self) -> Int[Tensor, "train"] | None:
        """The inputs trained on: the object's own, or those of its last snapshot."""
        if hasattr(self._own, "train_index"):
            index = self._own.train_index
            return None if index is None else split_index(torch.as_tensor(index), len(self.task.labels))
        return self.snapshot(self.steps[-1]).train_index if self.steps else None

    def model_at(self, step: int) -> Any:
        return self.snapshot(step).model

    def snapshot(self, step: int) -> Snapshot:
        return self._own.at(step)
