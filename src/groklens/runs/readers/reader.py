"""`Reader`: the contract of a user's own reader, which recognises files of a format and reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from groklens.runs.run import Run
from groklens.tasks import Task


@runtime_checkable
class Reader(Protocol):
    """A reader of one format; any value with these members will do."""

    #: What `gl.load(path, format=…)` calls it.
    name: str

    def recognises(self, path: Path) -> bool:
        """Whether the file or folder is of this format; asked of everything, so it should look at little."""

    def read(self, path: Path, task: Task | None) -> Run:
        """The run, as `gl.Run.of` makes one; `task` is what the caller said of it, if anything."""
