"""What the analyses need of a run."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from groklens.snapshots import Snapshot
from groklens.tasks import Task


@runtime_checkable
class RunLike(Protocol):
    """Anything with a task, kept steps and the snapshot at each can stand in for a `Run`."""

    @property
    def task(self) -> Task:
        """What is learned."""

    @property
    def steps(self) -> list[int]:
        """Kept steps, ascending."""

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates."""
