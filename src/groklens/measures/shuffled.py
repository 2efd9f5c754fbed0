"""The first of many numbers after Python's shuffle, without shuffling the others."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64


def first_shuffled(size: int, count: int, seed: int) -> list[int]:
    """The first `count` of `range(size)` after `random.Random(seed).shuffle`, which takes ten times as long.

    Python exchanges the last place with one drawn among all, then the last but one, and so on. Followed back from the
    end, only the exchanges of places that lead to the first `count` matter: a few of millions.

    >>> numbers = list(range(100))
    >>> random.Random(42).shuffle(numbers)
    >>> first_shuffled(100, 3, 42) == numbers[:3]
    True
    """
    others = np.concatenate([np.zeros(1, dtype=np.int64), *_drawn(size, seed)])[:0:-1]
    came_to = {place: place for place in range(min(count, size))}
    for place, other in enumerate(others.tolist(), start=1):
        if other in came_to or place in came_to:
            moved = came_to.pop(place, None), came_to.pop(other, None) if other != place else None
            came_to.update(
                {to: end for to, end in zip((other, place), moved, strict=True) if end is not None}
            )
    return sorted(came_to, key=lambda place: came_to[place])


def _drawn(size: int, seed: int) -> Iterator[Int64[np.ndarray, "draw"]]:
    """The places that are drawn one after another, below `size`, `size` − 1, …, 2: many at once."""
    _, (*key, at), _ = random.Random(seed).getstate()
    words = np.random.MT19937()
    words.state = {"bit_generator": "MT19937", "state": {"key": np.array(key), "pos": at}}
    while size > 1:
        bits = size.bit_length()
        some = min(size - 2 ** (bits - 1) + 1, 4096)  # as long as a draw has this many bits
        drawn = (words.random_raw(some) >> (32 - bits)).astype(np.int64)
        # Whatever is not below the size left is drawn again, and that size falls with each that is not.
        taken, before = drawn < size, None
        while before is None or (taken != before).any():
            before = taken
            taken = drawn < size - (before.cumsum() - before)
        yield drawn[taken]
        size -= int(taken.sum())
