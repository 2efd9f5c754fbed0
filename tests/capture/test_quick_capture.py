"""The last MLP's activations at the answer come from the quick pass: the same numbers as from the hook."""

import numpy as np
import pytest

import groklens as gl
from groklens.capture import activation_reader

TASK = gl.ModularArithmetic(7, "add")
MODELS = {
    "one layer": gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32),
    "two layers": gl.Transformer(n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=32, act_fn="gelu"),
    "MLP": gl.MLP(d_mlp=16),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("budget", [1, 2**26], ids=["a row at a time", "at once"])
def test_same_as_through_the_hook(model, budget, tmp_path, monkeypatch):
    recipe = gl.Recipe(task=TASK, model=model, steps=1, train_fraction=0.5, keep=gl.Every(1))
    run = gl.train(recipe, into=tmp_path / "run")
    hook = f"blocks.{getattr(model, 'n_layers', 1) - 1}.mlp.hook_post"
    asked = []
    hooked = activation_reader.run_with_cache
    monkeypatch.setattr(activation_reader, "run_with_cache", lambda *a: asked.append(len(a[1])) or hooked(*a))
    monkeypatch.setattr("groklens.memory.BUDGETS.capture", budget)
    quick = gl.capture(run, hook, pos=-1)[hook]
    assert asked == [1]  # one input, to learn the shape
    everywhere = gl.capture(run, hook)[hook].isel(pos=-1)
    np.testing.assert_allclose(quick.values, everywhere.values, rtol=1e-5, atol=1e-6)
    assert np.abs(quick.values).max() > 0.1


def test_another_position_or_another_hook_is_read_through_the_hooks(tmp_path):
    recipe = gl.Recipe(task=TASK, model=MODELS["two layers"], steps=1, train_fraction=0.5)
    run = gl.train(recipe, into=tmp_path / "run")
    first = gl.capture(run, "blocks.1.mlp.hook_post", pos=0)["blocks.1.mlp.hook_post"]
    both = gl.capture(run, ["blocks.0.mlp.hook_post", "blocks.1.mlp.hook_post"], pos=-1)
    answer = gl.capture(run, "blocks.1.mlp.hook_post", pos=2)["blocks.1.mlp.hook_post"]
    assert np.abs(first.values - answer.values).max() > 0.1
    np.testing.assert_allclose(both["blocks.1.mlp.hook_post"].values, answer.values, rtol=1e-5, atol=1e-6)
