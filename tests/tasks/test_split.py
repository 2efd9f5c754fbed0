"""The split: disjoint, complete, seeded, and without touching anybody's random state."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.tasks import ModularArithmetic, RandomTable

TASK = ModularArithmetic(11, "add")


@settings(max_examples=60, deadline=None)
@given(fraction=st.floats(1 / 121, 1.0), seed=st.integers(0, 2**31))
def test_disjoint_complete_sorted_and_of_the_size_asked(fraction, seed):
    train, test = TASK.split(fraction, seed)
    assert sorted(train.tolist() + test.tolist()) == list(range(121))
    assert train.tolist() == sorted(train.tolist())
    assert test.tolist() == sorted(test.tolist())
    assert len(train) == int(fraction * 121)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_seed_decides_and_nothing_else(seed):
    torch.manual_seed(seed + 1)
    before = torch.get_rng_state()
    first = TASK.split(0.3, seed)[0]
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(seed + 2)
    assert torch.equal(TASK.split(0.3, seed)[0], first)
    assert not torch.equal(TASK.split(0.3, seed + 1)[0], first)


def test_a_larger_share_contains_the_smaller_one():
    small, large = (set(TASK.split(fraction, 0)[0].tolist()) for fraction in (0.2, 0.6))
    assert small < large


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.5, float("nan")])
def test_shares_that_are_none(fraction):
    with pytest.raises(BadArgument, match=r"such as 0\.3"):
        TASK.split(fraction, 0)


def test_less_than_one_input():
    with pytest.raises(BadArgument, match="at least"):
        TASK.split(0.001, 0)


def test_a_random_table_is_its_seed():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    table = RandomTable(13, seed=3)
    assert torch.equal(table.labels, RandomTable(13, seed=3).labels)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(table.labels, RandomTable(13, seed=4).labels)
    assert table.symmetry is None
    assert len(table.labels.unique()) > 10  # 13 classes on 169 cells
    with pytest.raises(BadArgument, match="such as 113"):
        RandomTable(1)
