"""Closed forms against simulation, and a rule for double descent that noise and single U's do not meet."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.theory import (
    epoch_wise_risk,
    gradient_descent_path,
    has_double_descent,
    sample_wise_risk,
    tallest_peak,
)

F64 = torch.float64
X = np.arange(12.0)
DOUBLE = np.array([1, 0.6, 0.3, 0.4, 0.8, 1.2, 0.9, 0.5, 0.3, 0.2, 0.2, 0.2])
U = np.array([1, 0.6, 0.3, 0.2, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


@pytest.mark.parametrize(
    ("curve", "double"),
    [
        (DOUBLE, True),
        (DOUBLE[::-1], True),
        (DOUBLE[3:], True),  # starts low
        (U, False),
        (U[::-1], False),
        (np.linspace(1, 0, 12), False),
        (np.full(12, 0.5), False),
    ],
)
def test_it_needs_a_rise_and_a_fall(curve, double):
    assert has_double_descent(X[: len(curve)], curve, 0.01) is double
    assert has_double_descent(X[: len(curve)], curve, np.full(len(curve), 0.01)) is double


def test_what_is_within_error_is_none():
    assert not has_double_descent(X, DOUBLE, np.full(12, 0.4))


@pytest.mark.parametrize("places", [12, 20, 40])
@pytest.mark.parametrize(
    "curve",
    [
        lambda x: 0 * x,
        lambda x: 1 - x,
        lambda x: 4 * (x - 0.5) ** 2,
        lambda x: np.where(x == 0, -1.0, 0.0),  # flat but for one low end, where noise needs one side only
    ],
    ids=["flat", "falls", "U", "low end"],
)
def test_noise_is_called_a_second_descent_in_a_twentieth_of_draws(curve, places):
    rng, x = np.random.default_rng(places), np.linspace(0, 1, places)
    noisy = [curve(x) + rng.normal(0, 0.05, places) for _ in range(300)]
    assert np.mean([has_double_descent(x, each, 0.05) for each in noisy]) <= 0.05


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.floats(0, 1), min_size=3, max_size=9),
    scale=st.floats(0.1, 10),
    shift=st.floats(-5, 5),
    seed=st.integers(0, 9),
)
def test_units_and_order_do_not_matter(values, scale, shift, seed):
    x, y = np.arange(len(values), dtype=float), np.array(values)
    error = np.full(len(values), 0.05)
    order = np.random.default_rng(seed).permutation(len(values))
    moved = has_double_descent(np.exp(x[order]), scale * y[order] + shift, scale * error)
    beyond = NormalDist().inv_cdf(1 - 0.05 / max(len(y) * (len(y) - 1) // 2, 1))
    nearly = (
        np.abs(np.abs(y[:, None] - y) - beyond * 0.05 * 2**0.5) < 1e-6
    )  # ties go either way in floating point
    assert moved == has_double_descent(x, y, error) or nearly.any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12))
def test_a_peak_is_as_high_as_it_stands_above_both_sides(values):
    place, height = tallest_peak(values)
    assert height == max(values[j] - max(min(values[: j + 1]), min(values[j:])) for j in range(len(values)))
    assert height == values[place] - max(min(values[: place + 1]), min(values[place:]))
    assert tallest_peak(sorted(values))[1] == tallest_peak(sorted(values)[::-1])[1] == 0
    assert (height > 0) == has_double_descent(range(len(values)), values, 0.0) if len(values) > 2 else True


@pytest.mark.parametrize(
    ("x", "y", "error"),
    [
        ([1, 2], [1, 2], [0, 0]),
        ([1, 2, 3, 4], [1, 2, 3], [0] * 4),
        ([1, 2, 2, 4], [1] * 4, [0] * 4),
        ([1, 2, 3, 4], [1, 2, float("nan"), 4], [0] * 4),
        ([1, 2, 3, 4], [1] * 4, [-1] * 4),
    ],
)
def test_what_is_no_curve_is_refused(x, y, error):
    with pytest.raises(BadArgument):
        has_double_descent(x, y, error)


def test_what_is_nan_is_named():
    with pytest.raises(BadArgument, match=r"stderr holds nan at place 0; .* one seed has no error"):
        has_double_descent([1, 2, 3], [1, 2, 1], [float("nan")] * 3)


def simulated_risk(n, d, noise, draws=60):
    generator = torch.Generator().manual_seed(n)
    risks = []
    for _ in range(draws):
        inputs = torch.randn(n, d, generator=generator, dtype=F64)
        true = torch.randn(d, generator=generator, dtype=F64)
        true /= true.norm()
        labels = inputs @ true + noise * torch.randn(n, generator=generator, dtype=F64)
        risks.append(float((torch.linalg.pinv(inputs) @ labels - true).square().sum()))
    return sum(risks) / draws


@pytest.mark.parametrize("n", [10, 20, 30, 80, 120, 200])
def test_the_sample_wise_form_is_within_a_tenth_of_simulation(n):
    assert sample_wise_risk(n, 50, 0.5) == pytest.approx(simulated_risk(n, 50, 0.5), rel=0.1)


def test_the_sample_wise_form_peaks_where_n_is_d():
    risks = [sample_wise_risk(n, 50, 0.5) for n in range(1, 200)]
    assert np.argmax(risks) == 48  # n = 49, the first of three infinite ones
    assert has_double_descent(range(1, 200), np.minimum(risks, 1e9), 0.0)
    with pytest.raises(BadArgument):
        sample_wise_risk(0, 5, 1)


def test_the_path_is_that_of_iterated_descent():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(12, 20, generator=generator, dtype=F64)  # more features than examples
    targets = torch.randn(12, generator=generator, dtype=F64)
    rate = 0.2 / float(torch.linalg.eigvalsh(inputs.T @ inputs / 12).max())
    path = gradient_descent_path(inputs, targets, rate, torch.arange(51, dtype=F64))
    weights = torch.zeros(20, dtype=F64)
    for step in range(51):
        assert torch.allclose(path[step], weights, atol=1e-12)
        weights = weights - rate * inputs.T @ (inputs @ weights - targets) / 12
    last = gradient_descent_path(inputs, targets, rate, torch.tensor([1e12], dtype=F64))[0]
    assert torch.allclose(last, torch.linalg.pinv(inputs) @ targets, atol=1e-8)


def test_the_epoch_wise_form_is_near_simulation_with_many_examples():
    generator = torch.Generator().manual_seed(1)
    scales = torch.cat([torch.ones(5), torch.full((5,), 0.1)]).double()
    true, n, noise, rate = torch.ones(10, dtype=F64), 2000, 3.0, 0.1
    steps = torch.tensor([0.0, 3.0, 30.0, 1000.0, 30_000.0], dtype=F64)
    risks = []
    for _ in range(20):
        inputs = torch.randn(n, 10, generator=generator, dtype=F64) * scales
        targets = inputs @ true + noise * torch.randn(n, generator=generator, dtype=F64)
        apart = gradient_descent_path(inputs, targets, rate, steps) - true
        risks.append((apart.square() * scales.square()).sum(dim=1))
    measured = torch.stack(risks).mean(dim=0)
    foretold = epoch_wise_risk(steps, scales.square(), true, noise, rate, n)
    assert torch.allclose(foretold, measured, rtol=0.2)


def test_two_speeds_descend_twice_and_one_does_not():
    steps = torch.logspace(0, 6, 60, dtype=F64)
    two = torch.cat([torch.ones(50), torch.full((50,), 1e-3)]).double()
    coefficients = torch.cat([torch.full((50,), 0.1), torch.full((50,), 10.0)]).double()
    risk = epoch_wise_risk(steps, two, coefficients, 1.0, 0.5, 60)
    assert has_double_descent(steps, risk, torch.zeros(60))
    one = epoch_wise_risk(steps, torch.ones(100, dtype=F64), coefficients, 1.0, 0.5, 60)
    assert not has_double_descent(steps, one, torch.zeros(60))


def test_a_rate_too_large_is_refused():
    with pytest.raises(BadArgument, match=r"curvature, here 0\.5"):
        epoch_wise_risk(torch.ones(1), torch.tensor([2.0]), torch.ones(1), 1.0, 0.6, 10)
