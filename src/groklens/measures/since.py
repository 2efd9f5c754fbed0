"""`Since`: families of measures that compare a snapshot with another, of the same run or given."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from groklens.errors import BadArgument, whole_fields
from groklens.measures.family import Family
from groklens.runs import Run
from groklens.snapshots import Snapshot


@dataclass(frozen=True)
class Since(Family):
    """A measure relative to a reference: step `since` of the run that it is taken in, or a snapshot given."""

    since: int | Snapshot | Any = 0

    def __post_init__(self) -> None:
        """Refuse what is neither a step nor a snapshot."""
        if isinstance(self.since, Snapshot):
            return
        try:
            whole_fields(self, "since", least=0)
        except BadArgument as error:
            raise BadArgument(f"{error} Or give the snapshot to compare with: since=run.at(0).") from None

    def in_run(self, run: Run) -> Since:
        """The measure with this run's reference; `UnknownName` where that step was not kept."""
        bound: Any = copy.copy(self)
        # No fields: neither the column's name nor equality knows the run.
        object.__setattr__(bound, "_run", run)
        if not isinstance(self.since, Snapshot):
            object.__setattr__(bound, "_first", run.at(self.since))
        return bound

    @property
    def run(self) -> Run:
        """The run that the measure is taken in; `BadArgument` where it is taken of a lone snapshot."""
        found: Run | None = self.__dict__.get("_run")
        if found is None:
            raise BadArgument(f"{self.__name__} compares steps of a run; take it with gl.track(run, …).")
        return found

    @property
    def reference(self) -> Snapshot:
        """The snapshot that others are compared with."""
        if isinstance(self.since, Snapshot):
            return self.since
        if "_first" not in self.__dict__:
            raise BadArgument(
                f"{self.__name__} compares with step {self.since} of a run; take it with gl.track(run, …), or give the "
                "snapshot to compare with: since=run.at(0)."
            )
        first: Snapshot = self.__dict__["_first"]
        return first
