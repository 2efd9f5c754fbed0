"""Whether a mean over seeds descends twice: what noise may make of curves that do not, and what is found."""

import numpy as np
import pytest
import xarray as xr

from groklens.errors import BadArgument
from groklens.theory import descends_twice, sweep_table

ROWS = [[5.0, 1.0, 4.0, 0.5], [5.0, 1.2, 4.2, 0.5], [5.0, 0.8, 4.4, 0.5]]


def of(rows):
    rows = np.asarray(rows, dtype=float)
    along = ("width", 2.0 ** np.arange(rows.shape[1]), "hidden width")
    return sweep_table(along, range(len(rows)), {"test": (rows, "test error", "share wrong")})["test"]


def share_called(curve, seeds, noise=0.1, draws=200):
    rng = np.random.default_rng(seeds)
    return np.mean(
        [descends_twice(of(curve + rng.normal(0, noise, (seeds, len(curve))))) for _ in range(draws)]
    )


def test_a_peak_between_two_lows_is_found_and_a_fall_is_none():
    assert descends_twice(of(ROWS))
    assert descends_twice(of(ROWS).transpose("width", "seed"))
    assert not descends_twice(of([[4.0, 3.0, 2.0, 1.0], [4.1, 3.1, 2.1, 1.1]]))
    assert not descends_twice(of([[5.0, 1.0, 4.0, 0.5], [5.0, 4.0, 1.0, 0.5]]))  # the seeds do not agree


def test_it_may_be_placed_by_other_numbers():
    assert not descends_twice(of(ROWS), along=[1, 4, 2, 8])  # 5, 4, 1, 0.5
    assert not descends_twice(of(ROWS), along=[1, 2, 2, 1])  # two places


X = np.linspace(0, 1, 20)


@pytest.mark.parametrize("seeds", [2, 3, 5, 12])
@pytest.mark.parametrize(
    "curve",
    [0 * X, 1 - X, 4 * (X - 0.5) ** 2, np.where(X == 0, -9.0, 0.0)],
    ids=["flat", "falls", "U", "low end"],
)
def test_noise_is_called_a_second_descent_in_a_twentieth_of_draws(curve, seeds):
    assert share_called(curve, seeds) <= 0.05


@pytest.mark.parametrize("seeds", [3, 5, 12])
def test_a_hump_of_many_errors_is_found_wherever_it_is(seeds):
    hump = 1 - X + 3 * np.exp(-(((X - 0.6) / 0.1) ** 2))
    assert share_called(hump, seeds) >= 0.95
    assert share_called(hump[::-1], seeds) >= 0.95


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: descends_twice(xr.DataArray(np.zeros((2, 3, 4)), dims=("seed", "a", "b"))), "seed, a, b"),
        (lambda: descends_twice(of(ROWS[:1])), "has one seed, and so no error; give two at least"),
        (
            lambda: descends_twice(of([ROWS[0], [5.0, np.nan, 4.0, 0.5]])),
            "Seed 1 holds nan at width 2; leave that seed or that place out",
        ),
        (lambda: descends_twice(of([[3, 1, 1.00001, 1]] * 2)), "seeds hold equal numbers"),
    ],
)
def test_what_has_no_error_is_refused(wrong, said):
    with pytest.raises(BadArgument, match=said):
        wrong()
