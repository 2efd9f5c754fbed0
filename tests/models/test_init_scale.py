"""The scale of initial weights: the same draw, times a number, under an id that older recipes keep."""

import jaxtyping
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.parts import spec_of

MODELS = [
    gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8, normalization="LN"),
    gl.MLP(d_mlp=8, d_embed=4),
    gl.MLP(d_mlp=8, d_embed=None, init="uniform"),
]


def scaled(spec, by):
    return type(spec)(**vars(spec) | {"init_scale": by})


@pytest.mark.parametrize("spec", MODELS)
def test_what_is_drawn_is_multiplied_and_nothing_else(spec):
    task = gl.ModularArithmetic(5)
    usual, large = (each.build(task, 3).state_dict() for each in (spec, scaled(spec, 4.0)))
    for name, value in usual.items():
        fixed = "ln_final" in name or ".ln" in name
        torch.testing.assert_close(large[name], value if fixed else 4 * value, msg=name)
    assert any(bool(value.any()) for value in usual.values())


@pytest.mark.parametrize("spec", MODELS)
def test_at_its_default_it_is_not_written_down(spec):
    assert "init_scale" not in spec_of(spec)
    assert scaled(spec, 1) == spec
    assert spec_of(scaled(spec, 2))["init_scale"] == 2.0
    recipe = gl.Recipe(task=gl.ModularArithmetic(5), model=scaled(spec, 2), steps=2)
    assert gl.Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize("value", [0, -1.0, "large", float("inf")])
def test_what_is_no_scale_is_refused(value, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    with pytest.raises(BadArgument, match="init_scale is"):
        gl.MLP(init_scale=value)
    with pytest.raises(BadArgument, match="init_scale is"):
        gl.Transformer(init_scale=value)
