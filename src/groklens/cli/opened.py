"""The run that a shell names: by its folder, or by the name of one that comes with groklens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groklens.cli.told import said_for_a_shell, told_config, told_task
from groklens.cli_io import NOTES
from groklens.errors import RunNotFound, did_you_mean

if TYPE_CHECKING:
    from groklens.runs import Run


def folder_of(path: Path) -> Path:
    """The folder or file that is there, or that of an example run called so."""
    from groklens import examples

    is_name = str(path) in examples.names() and not path.exists()
    return examples.path(str(path)) if is_name else path


def named_run(path: Path) -> Path:
    """As `folder_of`; `RunNotFound`, with the names most like it, where one of an example run is."""
    from groklens import examples

    folder = folder_of(path)
    if not os.path.lexists(folder) and did_you_mean(str(path), examples.names()):
        asked = did_you_mean(str(path), [*_beside(path), *examples.names()])
        raise RunNotFound(f"{path} does not exist, and no run that comes with groklens is called so; {asked}")
    return folder


def _beside(path: Path) -> list[str]:
    """What lies where a path says that something is, as it would be typed."""
    try:
        return sorted(str(each) for each in path.parent.iterdir())
    except (OSError, ValueError):  # no folder, or a name that none can have
        return []


def opened(path: Path, parts: Sequence[Any], task: str | None = None, config: str | None = None) -> Run:
    """The run at a path, or an example run by its name, with a note of steps whose numbers alone are there.

    `task` and `config` are what the shell says of files that do not say it themselves.
    """
    import groklens as gl
    from groklens.claims import how_many

    with said_for_a_shell():
        run = gl.load(named_run(path), parts=parts, task=told_task(task, parts), config=told_config(config))
    if run.measured:
        NOTES.say(
            f"groklens: {run.name} has the weights of {how_many(len(run.steps), 'step')} here, and the numbers of "
            f"{len(run.measured)} more."
        )
    return run
