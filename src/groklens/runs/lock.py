"""A lock that lets one process at a time write a run's folder, released when the process dies."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import weakref
from pathlib import Path

from groklens.errors import DamagedRun, RunInUse

try:
    import fcntl
except ImportError:  # pragma: no cover (no such locks on Windows)
    fcntl = None  # type: ignore[assignment]


log = logging.getLogger("groklens")


class FolderLock:
    """Holds a run's folder for one writer, from when it is made until `release` or the death of the process.

    The folder is made where it is not there. Nothing is written for it, so that nothing is left behind by a kill.
    Raises `RunInUse` while another writer holds it, `DamagedRun` where the folder cannot be made.

    >>> with FolderLock(Path("runs/mine")):  # doctest: +SKIP
    ...     pass
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder = folder.absolute()  # the process may move while it writes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor: int | None = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise DamagedRun(
                f"Could not write {folder}: {error.strerror or error}. Give a folder that can be made."
            ) from error
        self._identity = _identity(os.fstat(self._descriptor))
        self._owner = os.getpid()
        #: Whether no other writer can hold it: not known on a file system without locks.
        self.held = False
        _held.add(self)
        self._take()

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def check(self) -> None:
        """Raise `DamagedRun` unless the folder is still the one that was locked."""
        try:
            there = _identity(os.stat(self.folder))
        except OSError:
            there = None
        if there != self._identity:
            raise DamagedRun(
                f"{self.folder} was deleted or replaced while it was being written, and what was in it is gone; "
                "the run cannot be finished. Call again to start over."
            )

    def release(self) -> None:
        """Release the folder to the next writer."""
        if self._descriptor is None:
            return
        if fcntl is not None and os.getpid() == self._owner:
            with contextlib.suppress(OSError):
                fcntl.flock(
                    self._descriptor, fcntl.LOCK_UN
                )  # a child may hold the descriptor, and with it the lock
        os.close(self._descriptor)
        self._descriptor, self.held = None, False

    def _take(self) -> None:
        if fcntl is None or self._descriptor is None:  # pragma: no cover
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held = True
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                log.warning(
                    "%s is on a file system without locks: two writers would not be told.", self.folder
                )
                return
            self.release()
            raise RunInUse(
                f"{self.folder} is being written by another process or recorder right now; wait until it has ended, "
                "or give another folder."
            ) from error


_held: weakref.WeakSet[FolderLock] = weakref.WeakSet()


def _close_in_child() -> None:
    """Close the lock in a forked worker, which writes nothing and would otherwise hold it for life."""
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
