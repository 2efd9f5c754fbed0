"""Wilson's interval against its definition: the shares that a test of the count found would not refuse."""

import numpy as np
import pytest

import groklens as gl


@pytest.mark.parametrize(("count", "n"), [(0, 1), (0, 20), (3, 7), (13, 16), (20, 20)])
def test_its_ends_are_where_the_score_test_refuses(count, n):
    for end in gl.theory.wilson(count, n):
        if 0 < end < 1:
            score = (count / n - end) / np.sqrt(end * (1 - end) / n)
            assert abs(score) == pytest.approx(1.959964, rel=1e-6)


def test_it_stays_within_0_and_1_and_narrows():
    lows, highs = gl.theory.wilson(np.array([0, 5, 10]), np.array([10, 10, 10]))
    assert lows[0] == 0
    assert highs[-1] == pytest.approx(1)
    wide, narrow = (np.diff(gl.theory.wilson(n // 2, n))[0] for n in (10, 1000))
    assert narrow < wide / 5
