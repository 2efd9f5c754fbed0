"""Torch's threads, and when they are in each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes on one thread while this lasts; its number of threads is then as it was before.

    For many small operations. Each of them ends when the slowest thread does, so that with one core taken by
    another program, two threads need several times as long as one: all but the first wait for their turn.
    Numbers do not depend on the threads that the user has set, either. A decorator as well.

    >>> before = torch.get_num_threads()
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
