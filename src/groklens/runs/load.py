"""Opening runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun
from groklens.runs.paths import RunPaths
from groklens.runs.run import Run


def load(path: str | Path, *, model: Any = None, verify: bool = False) -> Run:
    """Open the run in folder `path`.

    Args:
        model: one for the weights to be loaded into, for runs recorded from a class of your own.
        verify: check every file against its checksum first.

    Raises `DamagedRun` when there is no run, when it is of an unknown schema, or, with `verify`, when a
    file is not what was written; the message names the file and says what still loads.

    >>> load("examples/runs/mod113").task.name  # doctest: +SKIP
    'a+b mod 113'
    """
    root = Path(path)
    if not RunPaths(root).header.is_file():
        what = "is not a folder with a run.json" if root.exists() else "does not exist"
        raise DamagedRun(f"{root} {what}; give the folder that gl.train or gl.Recorder wrote.")
    run = Run(root, model=model)
    if verify:
        run.verify()
    return run
