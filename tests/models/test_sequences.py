"""The quick pass at every position against the plain model: values, gradients, and runs trained as one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.models import describe_model, rebuild_model
from groklens.models.fast_pass import quick_applies, sequence_logits, sequences_apply

SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32, "n_layers": 2}
VARIANTS = {
    "absolute": {},
    "rotary": {"positions": "rotary"},
    "no MLP": {"d_mlp": None, "positions": "rotary"},
    "LN, biases": {"normalization": "LN", "bias": True},
    "LNPre, gelu": {"normalization": "LNPre", "act_fn": "gelu", "positions": "rotary"},
    "not causal": {"causal": False},
}
TASK = gl.tasks.MarkovChains(states=3, length=8)


def build(variant, seed=0):
    model = gl.Transformer(**{**SMALL, **VARIANTS[variant]}).build(TASK, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # zero biases would hide mistakes in how they are used
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_logits_and_gradients_as_the_plain_models_stacked(variant):
    models = [build(variant, seed) for seed in range(2)]
    tokens = torch.stack([TASK.batch(1, seed, 5).inputs for seed in range(2)])
    assert sequences_apply(models[0])
    stacked = {
        parameter: torch.stack([value.detach() for value in alike]).requires_grad_()
        for parameter, *alike in zip(models[0].parameters(), *(m.parameters() for m in models), strict=True)
    }
    weights = torch.randn(2, 5, 8, 3, generator=torch.Generator().manual_seed(0))
    quick = sequence_logits(models[0], stacked.__getitem__, tokens)
    plain = torch.stack([model(rows) for model, rows in zip(models, tokens, strict=True)])
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-5)
    (quick * weights).sum().backward()
    (plain * weights).sum().backward()
    for (name, parameter), own in zip(models[0].named_parameters(), stacked.values(), strict=True):
        if parameter.requires_grad:
            torch.testing.assert_close(own.grad[0], parameter.grad, rtol=1e-4, atol=1e-4, msg=name)


def test_what_it_does_not_compute_it_does_not_take():
    rotary = build("rotary")
    assert sequences_apply(rotary)
    assert not quick_applies(rotary)
    rotary.add_hook("blocks.0.hook_resid_post", lambda value, hook: value)
    assert not sequences_apply(rotary)
    assert not sequences_apply(gl.MLP(d_mlp=8).build(gl.ModularArithmetic(5), seed=0))


def test_runs_of_a_language_are_stacked_and_each_is_its_single_run(tmp_path):
    model = gl.Transformer(**{**SMALL, "d_mlp": None, "positions": "rotary"})
    base = gl.Recipe(task=TASK, model=model, batch_size=16, steps=20, keep=gl.Every(10), evaluate_every=10)
    recipes = [replace(base, seed=seed) for seed in range(3)]
    recipes[2] = replace(
        recipes[2], task=gl.tasks.MarkovChains(states=3, length=8, prior="doubly stochastic")
    )
    many = gl.train_many(recipes, into=tmp_path / "many", progress=False)
    for recipe, run in zip(recipes, many, strict=True):
        single = gl.train(recipe, into=tmp_path / recipe.id, progress=False)
        assert run.environment["engine"] == "quick, 3 stacked"
        for name in ("train_loss", "test_loss"):
            np.testing.assert_allclose(run.history[name], single.history[name], rtol=1e-4, err_msg=name)
        torch.testing.assert_close(run.final.logits, single.final.logits, rtol=1e-3, atol=1e-4)
        assert float(run.history["test_loss"][-1]) == pytest.approx(gl.measures.test_loss(run), abs=1e-5)


@pytest.mark.parametrize("wrong", [{"positions": "relative"}, {"positions": "rotary", "d_head": 7}])
def test_positions_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadArgument, match=r"positions is 'relative'|d_head is 7"):
        gl.Transformer(**wrong)


def test_a_rotary_model_is_described_and_built_again():
    model = build("rotary")
    again = rebuild_model(describe_model(model))
    again.load_state_dict(model.state_dict())
    tokens = TASK.inputs[:4]
    assert torch.equal(again(tokens), model(tokens))
    assert not torch.allclose(model(tokens.flip(1)), model(tokens).flip(1), atol=1e-3)  # it knows the order
