"""Spectral entropy and participation ratio, where the directions are known."""

import math

import pytest
import torch

import groklens as gl
from groklens.measures import participation_ratio, spectral_entropy

TASK = gl.ModularArithmetic(13, "add")


def network(w_in):
    """One-hot operands, each into neurons of its own, without non-linearity."""
    model = gl.MLP(d_mlp=w_in.shape[1], d_embed=None, act_fn="identity").build(TASK, seed=0)
    with torch.no_grad():
        model.W_in.zero_()
        model.W_in[0, : len(w_in)] = w_in
    return gl.Snapshot(model, TASK)


WAVES = gl.harmonics.fourier_basis(13)[1:5].T.float()


def test_equal_directions():
    clock = gl.Snapshot(gl.planted(TASK, [2, 5]), TASK)  # eight products of waves, all orthogonal
    assert spectral_entropy(clock) == pytest.approx(1)
    assert participation_ratio(clock) == pytest.approx(8, rel=1e-5)


def test_some_directions_of_many():
    two = torch.cat([WAVES[:, :2], torch.zeros(13, 2)], dim=1)
    assert spectral_entropy(network(two)) == pytest.approx(math.log(2) / math.log(4))
    assert participation_ratio(network(two)) == pytest.approx(2)
    unequal = WAVES * torch.tensor([3.0, 1.0, 0.0, 0.0])  # variances 9 and 1
    assert participation_ratio(network(unequal)) == pytest.approx(100 / 82, rel=1e-5)
    together = WAVES[:, :1].expand(13, 4).contiguous()
    assert spectral_entropy(network(together)) == pytest.approx(0, abs=1e-5)
    assert participation_ratio(network(together)) == pytest.approx(1)


def test_neither_scale_nor_rotation_nor_a_constant_matters():
    waves = WAVES * torch.tensor([3.0, 2.0, 1.0, 0.5])
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0)))[0]
    for measure in (spectral_entropy, participation_ratio):
        expected = measure(network(waves))
        for other in (7 * waves, waves @ turn, waves + 3):
            assert measure(network(other)) == pytest.approx(expected, rel=1e-4)


def test_where_nothing_varies():
    assert (
        spectral_entropy(network(torch.zeros(13, 4))) == participation_ratio(network(torch.zeros(13, 4))) == 0
    )
    assert spectral_entropy(network(WAVES[:, :1])) == 0
    assert participation_ratio(network(WAVES[:, :1])) == pytest.approx(1)
