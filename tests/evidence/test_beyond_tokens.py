"""What a split shows beside inputs of the same tokens is a partial correlation, and little of it is chance."""

import math

import pytest
import torch

import groklens as gl
from groklens.evidence.beyond_tokens import errors_beyond_tokens

PAIRS = torch.cartesian_prod(torch.arange(9), torch.arange(9))
LARGER = gl.TableTask(PAIRS, PAIRS.amax(1), name="the larger of two")
SNAPSHOT = gl.Snapshot(gl.planted(LARGER, algorithm="lookup"), LARGER)


def drawn(seed):
    return torch.rand(81, generator=torch.Generator().manual_seed(seed)).double()


def least_squares(ranks, is_test):
    """The same by one column for each token at its position and for each answer."""
    columns = [torch.nn.functional.one_hot(of) for of in (*PAIRS.unbind(1), LARGER.labels)]
    every = torch.cat(columns, dim=1).double()
    values = torch.stack([ranks, is_test.double()], dim=1)
    left = values - every @ (torch.linalg.pinv(every) @ values)
    correlation = float(torch.corrcoef(left.T)[0, 1])
    return correlation * math.sqrt(80 - 3 * 8)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_correlation_of_what_least_squares_leave(seed):
    ranks, is_test = drawn(seed), drawn(seed + 10) < 0.3
    assert errors_beyond_tokens(SNAPSHOT, ranks, is_test) == pytest.approx(
        least_squares(ranks, is_test), abs=1e-6
    )


def test_a_split_without_a_meaning_is_as_often_beyond_as_is_said():
    """However much of the losses the tokens explain; 3 of 300 are expected."""
    ranks = drawn(0) + LARGER.labels + PAIRS[:, 0]
    beyond = [errors_beyond_tokens(SNAPSHOT, ranks, drawn(seed) < 0.3) for seed in range(300)]
    assert sum(each > 2.33 for each in beyond) <= 10
    assert sum(each < -2.33 for each in beyond) <= 10


@pytest.mark.parametrize("rule", [PAIRS[:, 0] > 5, PAIRS[:, 1] == 3, LARGER.labels > 6])
def test_a_split_that_a_token_or_the_answer_decides_leaves_nothing(rule):
    assert errors_beyond_tokens(SNAPSHOT, drawn(0) + 9 * rule, rule) == 0


def test_losses_that_are_one_show_nothing():
    assert errors_beyond_tokens(SNAPSHOT, torch.full((81,), 41.0).double(), drawn(0) < 0.3) == 0
