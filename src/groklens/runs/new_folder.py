"""A new folder that is written beside its place and put there at the end, whole or not at all."""

from __future__ import annotations

import glob
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from groklens.errors import BadArgument, DamagedRun, RunInUse
from groklens.runs.lock import FolderLock

#: How the folders end that are being written: as nobody calls a folder of their own.
_UNFINISHED = ".groklens.tmp"


@contextmanager
def new_folder(root: Path) -> Iterator[Path]:
    """Context with the folder to write into, which is at `root` once the context has ended without an error.

    What a process that was killed here has left beside it is deleted. Raises `BadArgument` where the disk refuses.
    """
    # The time, for in a container every process has the same number, and what one of it left may have to stay.
    beside = root.with_name(f"{root.name}.{time.time_ns()}{_UNFINISHED}")
    try:
        _clear(root)
        beside.mkdir(parents=True)
    except OSError as error:
        raise refused(root, error) from error
    try:
        with FolderLock(beside):
            yield beside
            if root.exists():
                root.rmdir()
            os.replace(beside, root)
    except OSError as error:
        raise refused(root, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def refused(root: Path, error: OSError) -> BadArgument:
    """The error that says why a folder cannot be written."""
    return BadArgument(
        f"Cannot write {root}: {error.strerror or error}; give a new folder where you may write."
    )


def _clear(root: Path) -> None:
    """Delete the unfinished folders that killed processes left beside `root`; one still being written is locked."""
    for left in root.parent.glob(f"{glob.escape(root.name)}.*{_UNFINISHED}"):
        number = left.name.removeprefix(f"{root.name}.").removesuffix(_UNFINISHED)
        if not number.isdecimal() or left.is_symlink() or not left.is_dir():
            continue
        try:
            with FolderLock(left) as lock:
                if lock.held:  # where there are no locks, nobody knows
                    shutil.rmtree(left, ignore_errors=True)
        except (RunInUse, DamagedRun):  # or of somebody else's, which is not ours to open
            continue
