"""Writing for several runs of a stack at once, where most of the time is waiting for the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

#: Writes that wait for the disk at a time: it brings what is asked for together in one go.
_AT_A_TIME = 8


def side_by_side(writes: Iterable[Callable[[], Any]]) -> None:
    """Make every call, several at a time in other threads where there is more than one; all have ended afterwards.

    Each is made whole, in its own order: what is promised of one run's files is promised as before. What the first
    raises that fails is raised here, once all have ended.

    >>> side_by_side([list, dict])
    """
    first, *others = [*writes] or [list]
    if not others:
        first()
        return
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        made = [threads.submit(write) for write in (first, *others)]
    for each in made:
        each.result()


def flushed_to_the_disk(writers: Iterable[Any]) -> None:
    """Bring the history of every run to the disk itself."""
    side_by_side(partial(writer.flush, sync=True) for writer in writers)
