"""One model as a run of one step."""

from __future__ import annotations

from typing import Any

from groklens.errors import UnknownName
from groklens.models import own_model
from groklens.snapshots import Snapshot
from groklens.tasks import Task


class LoneModel:
    """A single trained model standing in for a run: one step, split unknown, so no phases."""

    def __init__(self, model: Any, task: Task) -> None:
        self._snapshot = Snapshot(model, task)
        self.name = type(own_model(model)).__name__

    def __repr__(self) -> str:
        return repr(self._snapshot)

    @classmethod
    def of(cls, snapshot: Snapshot) -> LoneModel:
        """One snapshot, its split included, as a run of one step."""
        lone = cls(snapshot.model, snapshot.task)
        lone._snapshot = snapshot
        return lone

    @property
    def task(self) -> Task:
        """What it was trained on."""
        return self._snapshot.task

    @property
    def steps(self) -> list[int]:
        """The one step, called 0 where nothing is known of its number."""
        return [self._snapshot.step or 0]

    def at(self, step: int) -> Snapshot:
        """The snapshot, for its one step."""
        if step not in self.steps:
            raise UnknownName(
                f"A lone model has no step {step}, only step {self.steps[0]}; give a run for more."
            )
        return self._snapshot
