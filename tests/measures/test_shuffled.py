"""The first of a shuffle: what Python's own shuffle puts there."""

import random

import pytest

from groklens.measures.shuffled import first_shuffled


@pytest.mark.parametrize("size", [1, 2, 3, 4, 99, 100, 101, 1023, 1024, 1025, 8191, 8192, 8193, 23**3])
@pytest.mark.parametrize("seed", [0, 42])
def test_it_is_what_python_puts_there(size, seed):
    numbers = list(range(size))
    random.Random(seed).shuffle(numbers)
    for count in (1, 100):
        assert first_shuffled(size, count, seed) == numbers[:count]
