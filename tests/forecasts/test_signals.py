"""Every signal on a case whose value is known."""

import math

import numpy as np
import pytest
import torch
import xarray as xr

import groklens as gl
from groklens.forecasts import (
    SIGNALS,
    CommutatorDefect,
    EarlyLossSpectrum,
    ElapsedTime,
    HankelDMD,
    HyperParameter,
    LearningCoefficient,
    Measured,
    Restricted,
    Trajectory,
    WeightMotion,
    WeightNorm,
)  # fmt: skip
from groklens.forecasts.hankel_dmd import dmd_residual
from groklens.forecasts.loss_spectrum import log_energy, low_frequency_energy
from groklens.forecasts.slope import tail_slope, theil_sen


def recorded(values):
    """One column of a history, at steps 1, 2, …"""
    return xr.DataArray(np.asarray(values), dims="step", coords={"step": np.arange(1, len(values) + 1)})


def seen(run, step, signal):
    return signal.value(Trajectory(run, step, signal.sees))


def test_signals_have_names_of_their_own_and_say_what_they_are():
    names = [each.name for each in SIGNALS]
    assert len(set(names)) == len(names)
    for each in SIGNALS:
        assert each.units
        assert each.source


def test_nulls(run):
    assert seen(run, 105, ElapsedTime()) == 105
    assert seen(run, 105, HyperParameter("learning_rate")) == 0.01
    assert seen(run, 105, HyperParameter("weight_decay")) == 0.5
    alone = gl.Run.of({10: run.final.model}, run.task, train_index=run.train_index)
    assert math.isnan(seen(alone, 10, HyperParameter("weight_decay")))


def test_slope_of_a_power_law_is_its_exponent():
    steps = np.arange(1, 401)
    loss = 3.0 * steps**-1.5
    loss[380] = 50.0  # one outlier moves a median of slopes no further
    assert tail_slope(recorded(loss), 200) == pytest.approx(-1.5, abs=0.02)
    assert tail_slope(recorded(np.r_[np.full(200, 9.0), np.full(200, 2.0)]), 201) == 0
    assert math.isnan(tail_slope(recorded([1.0, 2.0]), 0))


def test_slope_of_a_run_is_of_its_last_half(run):
    rows = run.history["test_loss"].dropna("step").sel(step=slice(50, 100))
    assert seen(run, 105, gl.forecasts.TestLossSlope()) == pytest.approx(
        theil_sen(np.log(rows["step"].values[1:]), np.log(rows.values[1:]))
    )


def test_spectrum_knows_slow_from_fast():
    t = np.arange(200)
    slow, fast = 3 * np.sin(2 * np.pi * 4 * t / 200), 3 * np.sin(2 * np.pi * 80 * t / 200)
    assert log_energy(5 + slow, 0.1) == pytest.approx(math.log(4.5))
    assert log_energy(5 + fast, 0.1) < -50
    assert math.isnan(log_energy(np.ones(9), 0.1))
    noise = np.random.default_rng(0).normal(size=64)
    assert low_frequency_energy(noise, 1.0) == pytest.approx(noise.var())


def test_spectrum_of_a_run_is_of_its_first_updates(run):
    losses = run.history["train_loss"].values[: 1 + 200]
    assert run.history["step"].values[200] == 200
    assert seen(run, 300, EarlyLossSpectrum()) == log_energy(losses, 0.1)
    assert seen(run, 105, EarlyLossSpectrum()) == log_energy(losses[:106], 0.1)


def test_linear_dynamics_leave_no_residual_and_news_does():
    rng, time = np.random.default_rng(0), np.arange(12)
    mixed = rng.normal(size=(30, 2)) @ np.stack([0.9**time, 0.4**time])
    turning = rng.normal(size=(30, 2)) @ np.stack([np.cos(time), np.sin(time)])
    news = np.cumsum(rng.normal(size=(30, 12)), axis=1)
    jump = np.where(time < 11, 0.0, 1.0) * np.ones((30, 1)) + 1e-3 * mixed
    assert dmd_residual(mixed, 2, 2) < 1e-6
    assert dmd_residual(turning, 2, 2) < 1e-6
    assert dmd_residual(news, 2, 2) > 0.1
    assert dmd_residual(jump, 1, 1) > 0.9
    assert dmd_residual(np.ones((30, 12)), 2, 2) == 0


def test_dmd_of_a_run(run):
    assert 0 <= seen(run, 300, HankelDMD()) <= 1
    assert math.isnan(seen(run, 20, HankelDMD()))  # fewer kept steps than the map needs
    still = gl.Run.of(dict.fromkeys(range(1, 14), run.final.model), run.task, train_index=run.train_index)
    assert seen(still, 13, HankelDMD()) == 0


def test_commutator_is_that_of_four_steps_of_descent(run):
    signal = CommutatorDefect(pairs=3, batch=16, seed=5)
    found = seen(run, 60, signal)
    train = run.task.inputs[run.train_index], run.task.labels[run.train_index]
    generator = torch.Generator().manual_seed(5)
    orders = [torch.randperm(len(run.train_index), generator=generator) for _ in range(3)]
    expected = [plainly(run.at(60).model, train, order[:16], order[16:32], 1e-3) for order in orders]
    assert found == pytest.approx(sorted(expected)[1], rel=2e-2)


def plainly(model, train, first, second, eta):
    """‖θ_AB − θ_BA‖ / (‖ηg_A‖‖ηg_B‖) of one pair of batches, one weight matrix after another."""
    names, start = zip(
        *((name, each.detach()) for name, each in model.named_parameters() if each.requires_grad), strict=True
    )

    def gradients(values, rows):
        asked = [each.clone().requires_grad_() for each in values]
        logits = torch.func.functional_call(model, dict(zip(names, asked, strict=True)), (train[0][rows],))
        logits = logits[:, -1] if logits.ndim == 3 else logits
        loss = torch.nn.functional.cross_entropy(logits.double()[:, :11], train[1][rows])
        return torch.autograd.grad(loss, asked)

    def descended(*batches):
        values = start
        for rows in batches:
            values = [
                v.double() - eta * g.double()
                for v, g in zip(values, gradients([v.float() for v in values], rows), strict=True)
            ]
        return values

    def norm(parts):
        return math.sqrt(sum(float(each.double().square().sum()) for each in parts))

    with torch.enable_grad():
        apart = [a - b for a, b in zip(descended(first, second), descended(second, first), strict=True)]
        return norm(apart) / (eta**2 * norm(gradients(start, first)) * norm(gradients(start, second)))


def test_weights_at_rest_do_not_move(run):
    assert seen(run, 300, WeightNorm()) ** 2 == pytest.approx(gl.measures.sum_squared_weights(run.final))
    still = gl.Run.of({10: run.final.model, 20: run.final.model}, run.task, train_index=run.train_index)
    assert seen(still, 20, WeightMotion()) == 0
    moved = gl.Run.of({10: run.at(10).model, 20: run.at(20).model}, run.task, train_index=run.train_index)
    of = [torch.cat([p.detach().double().flatten() for p in run.at(k).model.parameters()]) for k in (10, 20)]
    expected = float((of[1] - of[0]).norm() / of[1].norm()) / math.log(2)
    assert seen(moved, 20, WeightMotion()) == pytest.approx(expected)
    assert math.isnan(seen(run, 10, WeightMotion()))


def test_measures_are_taken_on_what_may_be_seen(run):
    train_only = seen(run, 300, Measured(gl.measures.logit_scale, "train_only"))
    logits = run.final.logits[run.train_index].double()
    assert train_only == pytest.approx(float((logits - logits.mean(1, keepdim=True)).square().mean().sqrt()))
    assert train_only != pytest.approx(gl.measures.logit_scale(run.final), rel=1e-6)
    assert seen(run, 300, Measured(gl.measures.ipr, "oracle")) == pytest.approx(gl.measures.ipr(run.final))


def test_a_planted_circuit_is_what_remains():
    task = gl.ModularArithmetic(11)
    planted = gl.planted(task, [2, 3])
    clock = gl.Run.of({7: planted}, task, train_index=range(60))
    whole = gl.measures.RestrictedLoss()(clock.final, gl.Circuit("C11", [2, 3]))
    assert seen(clock, 7, Restricted()) == pytest.approx(whole, rel=1e-6)
    table = gl.RandomTable(11)
    assert math.isnan(seen(gl.Run.of({7: planted}, table, train_index=range(60)), 7, Restricted()))


def test_learning_coefficient_is_that_of_the_measure(run):
    llc = gl.measures.LLC(draws=20, burn_in=0, chains=2)
    measured = gl.measures.learning_coefficient(run.final, llc)
    assert seen(run, 300, LearningCoefficient(llc)) == pytest.approx(measured.value, rel=1e-3)
