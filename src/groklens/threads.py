"""Choosing one torch thread for small operations, where many threads slow each other down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

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
