"""How long, how far, and what of wrong labels: on cases whose answer is known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from groklens.errors import BadArgument
from groklens.theory import (
    LabelFates,
    distance_moved,
    fit_ratio,
    inverse_participation,
    label_fates,
    phase_of,
    time_to_fit,
)


def test_times_are_intervals_and_may_never_come():
    assert time_to_fit([0, 5, 10], [0.1, 0.98, 0.99]) == (5.0, 10.0)
    assert time_to_fit([10, 0, 5], [0.99, 0.1, 0.98]) == (5.0, 10.0)
    assert time_to_fit([0, 5], [1.0, 1.0]) == (0.0, 0.0)
    assert time_to_fit([0, 5], [0.1, 0.2]) is None
    assert time_to_fit([0, 5, 9], [0.1, 0.6, 0.4], level=0.5) == (0.0, 5.0)
    with pytest.raises(BadArgument, match="one accuracy a step"):
        time_to_fit([0, 1], [0.5])


@settings(max_examples=30, deadline=None)
@given(st.tuples(st.floats(1, 99), st.floats(100, 200)), st.tuples(st.floats(1, 99), st.floats(100, 200)))
def test_ratios_hold_every_ratio_that_the_intervals_allow(random, true):
    low, high = fit_ratio(random, true)
    assert low <= (sum(random) / 2) / (sum(true) / 2) <= high


def test_ratios_without_an_end():
    assert fit_ratio((10.0, 20.0), (0.0, 5.0)) == (2.0, math.inf)
    assert fit_ratio((10.0, 20.0), (0.0, 0.0)) == (math.inf, math.inf)
    assert fit_ratio(None, (1.0, 2.0)) == (0.0, math.inf)
    assert fit_ratio((1.0, 2.0), None) is None


def test_distance_is_over_all_weights():
    before = {"a": torch.zeros(3), "b": torch.ones(2, 2)}
    after = {"a": torch.tensor([1.0, 2.0, 2.0]), "b": torch.full((2, 2), 3.0)}
    assert distance_moved(before, after) == 5.0
    assert distance_moved(before, before) == 0.0
    with pytest.raises(BadArgument, match="two states of one model"):
        distance_moved(before, {"a": torch.zeros(3)})


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_fates_share_out_what_is_wrong(seed, n):
    generator = torch.Generator().manual_seed(seed)
    predicted, given_, true = torch.randint(3, (3, n), generator=generator)
    fates = label_fates(predicted, given_, true)
    if (given_ != true).any():
        assert fates.fitted + fates.corrected + fates.other == pytest.approx(1)
        assert min(fates.fitted, fates.corrected, fates.other) >= -1e-12
    else:
        assert math.isnan(fates.fitted)


@pytest.mark.parametrize(
    ("fitted", "corrected", "test", "phase"),
    [
        (1.0, 0.0, 0.3, "memorisation"),
        (1.0, 0.0, 1.0, "coexistence"),
        (0.3, 0.7, 1.0, "partial inversion"),
        (0.0, 1.0, 1.0, "full inversion"),
        (0.3, 0.2, 0.4, "undecided"),
        (math.nan, math.nan, 1.0, "undecided"),
        (0.0, 0.0, 1.0, "undecided"),
    ],
)
def test_phases(fitted, corrected, test, phase):
    assert phase_of(LabelFates(fitted, corrected, 0.0, 1.0), test) == phase


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(1, 20), st.integers(1, 4))
def test_participation_lies_between_even_and_one(seed, n, r):
    spectrum = torch.randn(5, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    ipr = inverse_participation(spectrum, r)
    assert (ipr <= 1 + 1e-9).all()
    assert (ipr >= n ** (1.0 - r) * (1 - 1e-9)).all()
    assert torch.allclose(ipr, inverse_participation(3 * spectrum, r))


def test_participation_of_complex_spectra_and_none():
    assert float(inverse_participation(torch.zeros(4))) == 0
    with pytest.raises((BadArgument, TypeCheckError)):
        inverse_participation(torch.ones(3), 0)
