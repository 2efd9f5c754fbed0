"""Exact probabilities are those of all cases counted, and the least share is where they cross the level."""

from itertools import combinations, product

import pytest

import groklens as gl
from groklens.theory import binomial_tail, hypergeometric_tail, least_share


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("count", range(-1, 7))
def test_luck_is_that_of_all_cases_counted(count, share):
    each = [
        share ** sum(case) * (1 - share) ** (5 - sum(case))
        for case in product((0, 1), repeat=5)
        if sum(case) >= count
    ]
    assert binomial_tail(count, 5, share) == pytest.approx(sum(each))


@pytest.mark.parametrize("marked", range(7))
@pytest.mark.parametrize("drawn", range(1, 7))
def test_a_split_without_a_meaning_is_that_of_all_splits_counted(drawn, marked):
    hits = [sum(place < marked for place in chosen) for chosen in combinations(range(6), drawn)]
    for count in range(8):
        share = sum(each >= count for each in hits) / len(hits)
        assert hypergeometric_tail(count, drawn, marked, 6) == pytest.approx(share)


def test_of_many_they_are_finite():
    assert binomial_tail(12_769, 12_769, 0.99) == pytest.approx(0.99**12_769)
    assert 0 < hypergeometric_tail(3_000, 3_831, 8_938, 12_769) < 1e-20
    assert binomial_tail(500_000, 1_000_000, 0.5) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(("count", "n"), [(1, 1), (7, 7), (40, 50), (0, 9)])
def test_the_least_share_answers_as_many_just_as_often_as_the_level(count, n):
    least = least_share(count, n, level=0.01)
    assert least == 0 if count == 0 else binomial_tail(count, n, least) == pytest.approx(0.01)
    assert gl.theory.least_share(count, n, 0.001) <= least
