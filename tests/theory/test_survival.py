import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.theory import kaplan_meier, log_rank, median_time

#: Remission times of the 6-MP arm of Freireich et al. 1963, the example of every textbook, and its survival.
TIMES = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
HAPPENED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_the_textbook_example():
    curve = kaplan_meier(TIMES, HAPPENED)
    assert curve["time"].values.tolist() == [0, 6, 7, 10, 13, 16, 22, 23]
    expected = [1, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert np.allclose(curve["survival"].values, expected, atol=5e-4)
    assert median_time(TIMES, HAPPENED) == 23
    assert curve["at_risk"].values.tolist() == [21, 21, 17, 15, 12, 11, 7, 6]
    at_23 = curve.sel(time=23)
    assert np.allclose([at_23["low"], at_23["high"]], [0.188, 0.680], atol=2e-3)


def test_the_textbook_test():
    times, happened = TIMES + PLACEBO, HAPPENED + [1] * len(PLACEBO)
    statistic, p = log_rank(times, happened, ["drug"] * 21 + ["none"] * 21)
    assert statistic == pytest.approx(16.79, abs=0.01)
    assert p == pytest.approx(4.17e-5, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=20))
def test_without_censoring_it_is_the_share_that_is_later(times):
    curve = kaplan_meier(times, [True] * len(times))
    for time, share in zip(curve["time"].values, curve["survival"].values, strict=True):
        assert share == pytest.approx(np.mean(np.array(times) > time))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=2, max_size=20))
def test_the_share_never_rises_and_its_interval_holds_it(runs):
    times, observed = zip(*runs, strict=True)
    curve = kaplan_meier(times, observed)
    share, low, high = (curve[name].values for name in ("survival", "low", "high"))
    assert (np.diff(share) <= 0).all()
    assert share[0] == 1 - np.mean([time == 0 and happened for time, happened in runs])
    assert (share >= 0).all()
    assert (np.diff(curve["time"].values) > 0).all()
    known = np.isfinite(low)
    assert (low[known] <= share[known] + 1e-12).all()
    assert (share[known] <= high[known] + 1e-12).all()


def test_what_happens_at_once_is_at_time_0_and_time_0_is_there_once():
    curve = kaplan_meier([0, 0, 3, 5], [True, True, True, False])
    assert curve["time"].values.tolist() == [0, 3]
    assert curve["survival"].values.tolist() == [0.5, 0.25]
    assert curve["at_risk"].values.tolist() == [4, 2]
    assert float(curve.sel(time=0)["low"]) < 0.5 < float(curve.sel(time=0)["high"])
    assert median_time([0, 0, 3, 5], [True, True, True, False]) == 0
    assert kaplan_meier([0, 0], [True, True])["survival"].values.tolist() == [0]


def test_equal_groups_differ_by_nothing_and_names_do_not_matter():
    times, happened = [1, 2, 3, 4] * 2, [1, 1, 0, 1] * 2
    assert log_rank(times, happened, list("aaaabbbb")) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    apart = log_rank([1, 2, 3, 8, 9, 9], [1] * 6, [0, 0, 0, 1, 1, 1])
    assert log_rank([1, 2, 3, 8, 9, 9], [1] * 6, [7, 7, 7, 2, 2, 2]) == pytest.approx(apart)


def test_p_values_are_spread_evenly_where_groups_are_alike():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        times, censor = rng.exponential(1, 40), rng.exponential(2, 40)
        found.append(log_rank(np.minimum(times, censor), times <= censor, rng.permutation(40) % 2)[1])
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.09


@pytest.mark.parametrize(
    ("times", "observed", "said"),
    [([], [], "0 times"), ([1, 2], [1], "2 times"), ([np.nan], [1], "finite"), ([-1], [1], "at least 0")],
)
def test_what_are_no_times_is_refused(times, observed, said):
    with pytest.raises(BadArgument, match=said):
        kaplan_meier(times, observed)


def test_a_test_needs_two_groups_and_an_event():
    with pytest.raises(BadArgument, match="two groups"):
        log_rank([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(BadArgument, match="0 of them"):
        log_rank([1, 2], [0, 0], ["a", "b"])
