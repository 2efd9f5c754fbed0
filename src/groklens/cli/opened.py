"""The run that a shell names: by its folder, or by the name of one that comes with groklens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groklens.cli_io import NOTES

if TYPE_CHECKING:
    from groklens.runs import Run


def folder_of(path: Path) -> Path:
    """The folder or file that is there, or that of an example run called so."""
    from groklens import examples

    is_name = str(path) in examples.names() and not path.exists()
    return examples.path(str(path)) if is_name else path


def opened(path: Path, parts: Sequence[Any]) -> Run:
    """The run at a path, or an example run by its name, with a note of steps whose numbers alone are there."""
    import groklens as gl
    from groklens.claims import how_many

    run = gl.load(folder_of(path), parts=parts)
    if run.measured:
        NOTES.say(
            f"groklens: {run.name} has the weights of {how_many(len(run.steps), 'step')} here, and the numbers of "
            f"{len(run.measured)} more."
        )
    return run
