"""Phases add up in Gromov's analytic weights, by as much as they are made not to, and not at all untrained."""

import math

import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument

P, N = 23, 176


def gromov(task, off=0.0):
    """The analytic weights of Gromov (2023), section 3: each neuron one frequency, phases φᵘ, φᵛ, φᵘ + φᵛ + off."""
    model = gl.MLP(d_mlp=N, d_embed=None, combine="concat", act_fn="quadratic").build(task, seed=0)
    generator = torch.Generator().manual_seed(3)
    frequency = torch.arange(N) % (P // 2) + 1
    u, v = 2 * math.pi * torch.rand(2, N, generator=generator)
    angle = 2 * math.pi * torch.arange(P)[:, None] * frequency / P
    scale = (2 / N) ** (-1 / 3)
    with torch.no_grad():
        model.W_in.zero_()
        model.W_in[0, :P] = scale * torch.cos(angle + u)
        model.W_in[1, :P] = scale * torch.cos((angle if task.op == "add" else -angle) + v)
        model.unembed["W_U"].copy_(scale * torch.cos(-angle - u - v - off).T)
    return model, frequency


@pytest.mark.parametrize("op", ["add", "sub"])
def test_phases_of_analytic_weights_add_up(op):
    task = gl.ModularArithmetic(P, op)
    model, frequency = gromov(task)
    snapshot = gl.Snapshot(model, task)
    assert measures.all_accuracy(snapshot) > 0.95
    assert measures.neuron_component(snapshot).values.tolist() == frequency.tolist()
    assert measures.phase_relation(snapshot).values == pytest.approx(np.zeros(N), abs=1e-3)


@pytest.mark.parametrize("off", [0.5, -2.0, math.pi])
def test_the_error_is_as_large_as_it_is_made(off):
    task = gl.ModularArithmetic(P, "add")
    snapshot = gl.Snapshot(gromov(task, off)[0], task)
    assert measures.phase_relation(snapshot).values == pytest.approx(np.full(N, abs(off)), abs=1e-3)


def test_phases_of_an_untrained_model_are_unrelated():
    task = gl.ModularArithmetic(P, "add")
    snapshot = gl.Snapshot(gl.MLP(d_mlp=512, act_fn="quadratic").build(task, seed=0), task)
    errors = measures.phase_relation(snapshot).values
    assert errors.mean() == pytest.approx(math.pi / 2, abs=0.15)
    assert np.quantile(errors, [0.25, 0.75]) == pytest.approx([math.pi / 4, 3 * math.pi / 4], abs=0.25)


def test_a_planted_pizza_adds_its_phases():
    task = gl.ModularArithmetic(P, "add")
    snapshot = gl.Snapshot(gl.planted(task, [3, 7], "pizza"), task)
    assert measures.phase_relation(snapshot).values == pytest.approx(np.zeros(66), abs=1e-4)


def test_what_has_no_wave_has_no_relation():
    """Neurons that are dead, and those that multiply: a planted clock's see no operand alone."""
    task = gl.ModularArithmetic(P, "add")
    clock = gl.Snapshot(gl.planted(task, [3, 7]), task)
    assert measures.phase_relation(clock).values == pytest.approx(np.full(8, math.pi / 2))
    model, _ = gromov(task)
    with torch.no_grad():
        model.W_in[:, :, 0] = 0
        model.unembed["W_U"][1] = 0
    errors = measures.phase_relation(gl.Snapshot(model, task)).values
    assert errors[:2] == pytest.approx([math.pi / 2] * 2)
    assert errors[2:] == pytest.approx(np.zeros(N - 2), abs=1e-3)


def fitted_phase(function, k):
    """φ of the least-squares fit A cos(2πkx/n + φ) + constant."""
    n = len(function)
    angle = 2 * np.pi * k * np.arange(n) / n
    regressors = np.stack([np.cos(angle), np.sin(angle), np.ones(n)], axis=1)
    cos, sin, _ = np.linalg.lstsq(regressors, function, rcond=None)[0]
    return math.atan2(-sin, cos)


def test_phases_by_least_squares_on_multiplication():
    """In the order of discrete logarithms to the root 2 of 11; the group has even order and a sign."""
    task = gl.ModularArithmetic(11, "mul")
    snapshot = gl.Snapshot(gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(task, 1), task)
    order = np.array([pow(2, exponent, 11) - 1 for exponent in range(10)])
    pre = snapshot.activations("blocks.0.mlp.hook_pre", pos=-1).double().numpy().reshape(10, 10, -1)
    readout = (snapshot.weights["W_out"][0] @ snapshot.weights["W_U"]).double().numpy().T
    expected = []
    for neuron, k in enumerate(measures.neuron_component(snapshot).values):
        sides = (pre[:, :, neuron].mean(axis=1), pre[:, :, neuron].mean(axis=0), readout[:, neuron])
        a, b, psi = (fitted_phase(side[order], k) for side in sides)
        gap = (a + b - psi) % (2 * math.pi)
        expected.append(min(gap, 2 * math.pi - gap))
    assert measures.phase_relation(snapshot).values == pytest.approx(expected, abs=1e-3)


def test_a_group_that_is_not_cyclic_is_refused():
    task = gl.GroupComposition("D5")
    with pytest.raises(BadArgument, match="D5 is not cyclic"):
        measures.phase_relation(gl.Snapshot(gl.planted(task, ["freq_1"]), task))
