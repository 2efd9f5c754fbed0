"""`Phase`: one phase of training (memorisation, circuit formation or cleanup), dated between kept steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from groklens.claims.wording import interval

#: What stands above the columns of a table of phases.
PHASE_COLUMNS = ("phase", "begins at step", "ends at step")


@dataclass(frozen=True)
class Phase:
    """One phase of training; `start` and `end` are intervals between kept steps, None for what was not seen.

    An interval (lo, hi] is the last kept step before the event and the first at or after it; (0, 0) is the
    beginning of training. It is written `lo–hi`. `unseen` says, of a phase that was not seen, what was seen instead.

    >>> print(Phase("circuit formation", (200, 300), (5500, 6000)))
    circuit formation: from step 200–300 to step 5,500–6,000
    """

    name: str
    start: tuple[int, int] | None
    end: tuple[int, int] | None
    unseen: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.name}: {self.when}"

    @property
    def when(self) -> str:
        """When the phase was, in words."""
        if self.start is None:
            return f"not seen{f', as {self.unseen}' if self.unseen else ''}"
        if self.end is not None and self.end[0] <= self.start[0]:
            return self._in_one_go(self.start, self.end)
        end = "not over at the last step" if self.end is None else f"to step {interval(self.end)}"
        return f"from step {interval(self.start)}{',' if self.end is None else ''} {end}"

    @staticmethod
    def _in_one_go(start: tuple[int, int], end: tuple[int, int]) -> str:
        """When a phase took place, in words, where it began and ended between two kept steps."""
        if end == start:
            return (
                f"over at step {interval(end)}"
                if end[0] == end[1]
                else f"begun and over between steps {end[0]:,} and {end[1]:,}"
            )
        return f"from step {interval(start)}, over by step {end[1]:,}"

    @property
    def row(self) -> tuple[str, str, str]:
        """The phase as a row of a table with the columns `PHASE_COLUMNS`."""
        if self.start is None:  # between two kept steps it may have been there all the same
            return self.name, "not seen", "not seen"
        return self.name, interval(self.start), interval(self.end)

    def to_dict(self) -> dict[str, Any]:
        """The phase as JSON values."""
        return {"name": self.name, "start": _listed(self.start), "end": _listed(self.end)}


def _listed(ends: tuple[int, int] | None) -> list[int] | None:
    return None if ends is None else list(ends)
