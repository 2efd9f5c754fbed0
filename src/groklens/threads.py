"""One torch thread for small operations, where many threads slow each other down; and values made one ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
_END: object = object()
#: How many looks at models are under way, in whatever threads of Python, and torch's threads before the first.
_looks, _before = 0, 1
_lock = threading.Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Context in which torch computes on one thread; the previous number of threads is restored afterwards.

    For many small operations. Each of them ends when the slowest thread does, so that with one core taken by
    another program, two threads need several times as long as one: all but the first wait for their turn.
    Numbers do not depend on the threads that the user has set, either. A decorator as well. Where looks
    overlap, one within another or in several threads of Python, the last to end restores what the first found.

    >>> before = torch.get_num_threads()
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    global _looks, _before
    with _lock:
        _before = _before if _looks else torch.get_num_threads()
        _looks += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _looks -= 1
            if not _looks:
                torch.set_num_threads(_before)


def one_ahead(values: Iterator[T]) -> Iterator[T]:
    """The values of an iterator, each made in another thread of Python while the one before it is in use.

    For random draws of many numbers, which take as long as what is done with them: torch lets go of Python's lock
    meanwhile. One thread makes them one after another, so that they are the same draws. What the iterator raises is
    raised here, in its turn.

    >>> list(one_ahead(iter([3, 5])))
    [3, 5]
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(next, values, _END)
        while (value := coming.result()) is not _END:
            coming = thread.submit(next, values, _END)
            yield value  # type: ignore[misc]  # it is not the end
