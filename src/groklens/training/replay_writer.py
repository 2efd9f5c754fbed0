"""`Ghost`: a stand-in for a writer, for a run of a stack that is recomputed and already on the disk."""

from __future__ import annotations

from typing import Any

from groklens.runs import Written


class Ghost:
    """A stand-in for a `RunWriter` that writes nothing.

    The last digits of a stacked product depend on how many are taken at once: the others of a stack end as they
    would have, had nothing been killed, only beside the runs that they began with.
    """

    def __init__(self, written: Written) -> None:
        self.written = written

    def record(self, *given: Any) -> None:
        """Nothing: the row is in the run's history."""

    def keep(self, *given: Any) -> None:
        """Nothing: the step is on the disk."""

    def flush(self, sync: bool = False) -> None:
        """Nothing: there is nothing new."""

    def finish(self) -> None:
        """Nothing: the run is sealed, or not this stack's to seal."""
