"""A fit's state carries the answer as far as the true one where it is the shape that the model reads."""

import pytest
import torch

import groklens as gl
from adder import PERIODS, adds, digits, helix, table
from groklens.errors import BadArgument
from groklens.interventions import patched_fits


def rises(snapshot, **options):
    found = patched_fits(snapshot, "hook_embed", periods=PERIODS, **options)
    row = found["logit_difference"].isel(hook=0)
    return found, {name: float(row.sel(fit=name)) for name in found["fit"].values}


def answered(table, fit):
    return float(table["answered"].sel(fit=fit, hook="hook_embed"))


def test_a_helix_carries_what_the_true_exchange_does():
    found, rise = rises(adds(helix()))
    assert found.attrs["prompts"] == 400
    assert rise["helix"] == pytest.approx(rise["true exchange"], rel=1e-3)
    assert answered(found, "true exchange") == answered(found, "helix") == 1
    for simpler in ("polynomial", "shuffled numbers", "renamed digits"):
        assert rise[simpler] < 0.8 * rise["true exchange"]
    assert answered(found, "shuffled numbers") < 0.3
    assert float(found["standard_error"].sel(fit="polynomial", hook="hook_embed")) > 0


def test_no_fit_carries_states_in_no_order():
    found, rise = rises(adds(table()))
    assert answered(found, "true exchange") == 1
    assert answered(found, "helix") < 0.5
    assert rise["helix"] < 0.8 * rise["true exchange"]


def test_either_operand_and_the_draw_is_the_seeds():
    snapshot = adds(helix())
    before = torch.random.get_rng_state()
    first, again, other = (
        patched_fits(snapshot, "hook_embed", "b", PERIODS, seed=seed) for seed in (0, 0, 1)
    )
    assert first.equals(again)
    assert not first.equals(other)
    assert torch.equal(before, torch.random.get_rng_state())
    assert answered(first, "helix") == 1


def test_prompts_differ_in_the_operands_token_alone():
    """Where digits are tokens, what else the operand consists of stays as it is."""
    task = gl.tasks.WrittenSums(digits, largest=60, smallest=30, digit="units", length=7, sample=200)
    from groklens.interventions.patched_fits import _exchange

    model = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0)
    snapshot = gl.Snapshot(model, task)
    right = gl.interventions.patch(snapshot, "logits", 9.0 * torch.nn.functional.one_hot(task.labels, 10))
    pairs = _exchange(right, "a", seed=0)
    assert len(pairs.into)
    there = (task.inputs[pairs.into] != task.inputs[pairs.source]).nonzero()
    assert torch.equal(there[:, 1], task.token_positions["a"][pairs.into])
    assert (task.labels[pairs.into] != task.labels[pairs.source]).all()


def test_where_nothing_is_right_nothing_is_exchanged():
    with pytest.raises(BadArgument, match="answers 0 of 400 inputs right"):
        patched_fits(adds(helix(), wrong=True), "hook_embed", periods=PERIODS)
