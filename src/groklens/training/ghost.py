"""A finished run of a stack that is computed once more and not written."""

from __future__ import annotations

from typing import Any


class Ghost:
    """Takes what a `RunWriter` takes and writes nothing.

    The last digits of a stacked product depend on how many are taken at once: the others of a stack end as they
    would have, had nothing been killed, only beside the runs that they began with.
    """

    def record(self, *given: Any) -> None:
        """Nothing: the row is in the run's history."""

    def keep(self, *given: Any) -> None:
        """Nothing: the step is on the disk."""

    def flush(self) -> None:
        """Nothing: there is nothing new."""

    def save_resume(self, *given: Any) -> None:
        """Nothing: its last state stays until all of the stack have finished."""

    def finish(self) -> None:
        """Nothing: the run is sealed."""

    def drop_resume(self) -> None:
        """Nothing: states are dropped when all have finished."""
