"""The pattern model gives its published curves; its forecasts are held to the rest of the curve."""

import builtins

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.theory import DOUBLE_DESCENT, GROKKING, Pattern, fit_patterns, forecast_errors, pattern_curves

AT = torch.tensor([40.0, 60.0, 90.0, 200.0, 300.0], dtype=torch.float64)
share = st.floats(0, 1)
pattern = st.builds(Pattern, share, st.floats(0, 5), st.floats(-50, 400), share)


@pytest.mark.parametrize(
    ("patterns", "train", "test"),
    [
        (DOUBLE_DESCENT, [0.65, 0.94, 1.0, 1.0, 1.0], [0.52, 0.41, 0.35, 0.42, 0.48]),
        (GROKKING, [0.18, 0.82, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.5, 0.99]),
    ],
)
def test_published_parameters_give_the_published_curves(patterns, train, test):
    found = pattern_curves(patterns, AT)
    assert [round(each, 2) for each in found[0].tolist()] == pytest.approx(train, abs=0.0051)
    assert [round(each, 2) for each in found[1].tolist()] == pytest.approx(test, abs=0.0051)


@settings(max_examples=50, deadline=None)
@given(st.tuples(pattern, pattern, pattern))
def test_accuracies_are_shares_and_held_out_ones_no_higher(patterns):
    train, test = pattern_curves(patterns, AT)
    assert ((train >= -1e-12) & (train <= 1 + 1e-12)).all()
    assert ((test >= -1e-12) & (test <= train + 1e-12)).all()
    perfect = tuple(Pattern(p.ceiling, p.speed, p.onset, 1.0) for p in patterns)
    assert torch.allclose(pattern_curves(perfect, AT)[1], train)


def curves(patterns=GROKKING, noise=0.01, seed=0):
    times = np.linspace(0, 300, 61)
    rng = np.random.default_rng(seed)
    found = pattern_curves(patterns, torch.from_numpy(times))
    return times, *(np.clip(each.numpy() + rng.normal(0, noise, 61), 0, 1) for each in found)


def test_planted_curves_are_foretold_once_they_have_passed_their_inflection():
    errors = [forecast_errors(*curves(seed=seed), until=240.0) for seed in range(3)]
    assert all(each["patterns"] < each["persists"] / 2 for each in errors)


def test_flat_curves_are_foretold_to_stay_flat():
    times = np.linspace(0, 300, 61)
    rng = np.random.default_rng(0)
    train, _ = (each.numpy() for each in pattern_curves(GROKKING, torch.from_numpy(times)))
    errors = forecast_errors(times, train, np.abs(rng.normal(0.02, 0.005, 61)), until=200.0)
    assert errors["persists"] < 0.02
    assert errors["patterns"] < 0.2


def test_a_fit_is_the_same_each_time_and_has_intervals_around_it():
    times, train, test = curves()
    first, second = (fit_patterns(times, train, test, bootstrap=12) for _ in range(2))
    assert first.patterns == second.patterns
    assert first.error < 0.02
    low, high = first.intervals
    assert low.shape == (3, 4)
    assert (low <= high).all()
    train_, test_ = first.predict(times)
    assert np.sqrt(np.mean((test_ - test) ** 2)) < 0.03
    assert train_.shape == train.shape


def test_what_cannot_be_fitted_is_refused(monkeypatch):
    times, train, test = curves()
    with pytest.raises(BadArgument, match="at least four"):
        fit_patterns(times, train, test, until=5.0)
    with pytest.raises(BadArgument, match="one number a"):
        fit_patterns(times, train[:-1], test)
    with pytest.raises(BadArgument, match="no time lies after"):
        forecast_errors(times, train, test, until=1e6)
    with pytest.raises(BadArgument, match="shares in"):
        Pattern(1.5, 0.1, 0.0, 0.0)
    plain = builtins.__import__

    def without_scipy(name, *rest, **more):
        if name.startswith("scipy"):
            raise ImportError(name)
        return plain(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_scipy)
    with pytest.raises(BadArgument, match=r"groklens\[studies\]"):
        fit_patterns(times, train, test)
