"""`RunLike`: a user's own object with a task, steps and snapshots, accepted wherever a run is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.recipes import Recipe
from groklens.runs.source import Source
from groklens.snapshots import Snapshot, split_index
from groklens.tasks import Task, check_task


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
    "step_known": bool,
    "unguarded": tuple,
}


class OwnObject(Source):
    """A run's source over a `RunLike`, with whatever attributes of a `Run` it has."""

    def __init__(self, own: RunLike) -> None:
        self._own: Any = own
        check_task(own.task)
        self.task, self.name = own.task, own.task.name
        if isinstance(own.steps, str) or not isinstance(own.steps, Iterable):
            raise BadArgument(
                f"The steps of {described(own)} are {described(own.steps)}; give a list of the kept steps, such as "
                "[0, 100]."
            )
        self.steps = sorted({whole_number("A step of the run", step) for step in own.steps})
        for name, kind in _MAY_KNOW.items():
            if isinstance(value := getattr(own, name, None), kind):
                setattr(self, name, value)

    @cached_property
    def train_index(self) -> Int[Tensor, "train"] | None:
        """The inputs trained on: the object's own, or those of its last snapshot."""
        if hasattr(self._own, "train_index"):
            index = self._own.train_index
            return None if index is None else split_index(index, len(self.task.labels))
        return self.snapshot(self.steps[-1]).train_index if self.steps else None

    def model_at(self, step: int) -> Any:
        return self.snapshot(step).model

    def snapshot(self, step: int) -> Snapshot:
        found = self._own.at(step)
        if not isinstance(found, Snapshot):
            raise BadArgument(
                f"at({step}) of {described(self._own)} gave {described(found)}; it has to give a snapshot: "
                "gl.Snapshot(model, task, step)."
            )
        if found.step not in (None, step) or found.task != self.task:
            raise BadArgument(
                f"at({step}) of {described(self._own)} gave {found!r}, which is of another step or task; give "
                "the snapshot after that many updates."
            )
        return found
