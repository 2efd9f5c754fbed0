"""Effective ranks and the price of interpolation, against what they must be and against simulation."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.theory import effective_ranks, excess_risk_terms, k_star, overfitting_coefficient, regime

F64 = torch.float64


def spiked(n, spikes=5):
    return torch.cat([torch.ones(spikes, dtype=F64), torch.full((50 * n,), 1 / (50 * n), dtype=F64)])


def measured_variance(eigenvalues, n, seed):
    """Risk of the least-norm fit of noise of variance 1, by the plain pseudo-inverse."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n, len(eigenvalues), generator=generator, dtype=F64) * eigenvalues.sqrt()
    inverse = torch.linalg.pinv(inputs)
    return float((eigenvalues[:, None] * inverse.square()).sum())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=30))
def test_ranks_lie_between_one_and_the_directions_left(values):
    small, large = effective_ranks(torch.tensor(values, dtype=F64))
    left = torch.arange(len(values), 0, -1, dtype=F64)
    tolerance = 1e-9
    assert (small >= 1 - tolerance).all()
    assert (small <= large * (1 + tolerance)).all()
    assert (large <= left * (1 + tolerance)).all()
    assert (large <= small.square() * (1 + tolerance)).all()


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-4, 1e4), seed=st.integers(0, 99))
def test_neither_scale_nor_order_matters(scale, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(40, generator=generator, dtype=F64) + 0.01
    moved = scale * values[torch.randperm(40, generator=generator)]
    assert torch.allclose(effective_ranks(moved)[1], effective_ranks(values)[1])
    assert overfitting_coefficient(moved, 10) == pytest.approx(overfitting_coefficient(values, 10))
    assert k_star(moved, 10) == k_star(values, 10)


def test_ranks_by_hand():
    small, large = effective_ranks(torch.tensor([1.0, 4.0, 1.0]))
    assert small.tolist() == [1.5, 2.0, 1.0]
    assert large.tolist() == pytest.approx([36 / 18, 2.0, 1.0])


def test_k_star_counts_the_spikes_and_can_be_absent():
    assert k_star(spiked(100, spikes=7), 100) == 7
    assert k_star(torch.exp(-torch.arange(200, dtype=F64)), 50) is None
    assert excess_risk_terms(torch.exp(-torch.arange(200, dtype=F64)), 50)["variance"] == float("inf")
    assert k_star(torch.ones(100), 50) == 0


def test_bartletts_terms_track_the_variance_on_the_spiked_spectrum():
    sizes = (25, 50, 100)
    theory = torch.tensor([excess_risk_terms(spiked(n), n)["variance"] for n in sizes])
    measured = torch.tensor([sum(measured_variance(spiked(n), n, s) for s in range(3)) / 3 for n in sizes])
    ratio = theory / measured
    assert (measured.diff() < 0).all()
    assert (theory.diff() < 0).all()
    assert float(ratio.max() / ratio.min()) < 1.25
    terms = excess_risk_terms(spiked(50), 50, noise=2.0)
    assert terms["variance"] == pytest.approx(4 * excess_risk_terms(spiked(50), 50)["variance"])


@pytest.mark.parametrize(
    ("spectrum", "n"),
    [(spiked(50), 50), (torch.arange(1, 1500, dtype=F64) ** -2, 60), (torch.ones(300), 100)],
)
def test_the_coefficient_foretells_the_measured_price(spectrum, n):
    measured = sum(measured_variance(spectrum.double(), n, seed) for seed in range(4)) / 4
    assert overfitting_coefficient(spectrum, n) - 1 == pytest.approx(measured, rel=0.12)


@pytest.mark.parametrize(("d", "n"), [(200, 100), (1000, 10), (101, 100)])
def test_isotropic_inputs_have_the_known_price(d, n):
    assert overfitting_coefficient(torch.ones(d), n) == pytest.approx(d / (d - n), rel=1e-6)


def test_regimes():
    sizes = (100, 200, 400)
    i = torch.arange(1, 20_000, dtype=F64)

    def prices(spectrum_at):
        return {n: overfitting_coefficient(spectrum_at(n), n) - 1 for n in sizes}

    assert regime(prices(spiked)) == "benign"
    assert regime(prices(lambda n: i**-2)) == "tempered"
    assert regime(prices(lambda n: torch.exp(-i[:2000].sqrt()))) == "catastrophic"
    assert regime({100: 0.5, 200: 0.47, 400: 0.44}) == "undecided"


def test_what_is_no_spectrum_is_refused():
    with pytest.raises(BadArgument, match="none negative"):
        effective_ranks(torch.tensor([1.0, -1.0]))
    with pytest.raises(BadArgument, match="with more directions"):
        overfitting_coefficient(torch.ones(5), 5)
    with pytest.raises(BadArgument, match="at least three"):
        regime({1: 1.0, 2: 2.0})
    with pytest.raises(BadArgument, match="at least 1"):
        k_star(torch.ones(3), 0)
