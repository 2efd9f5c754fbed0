"""StableMax is what its formula says, with a gradient everywhere."""

import math

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.recipes import StableMax

LOGITS = torch.tensor([[0.0, 2.0, -3.0], [-1.0, -0.5, 40.0], [0.0, 0.0, 0.0]])
TARGETS = torch.tensor([1, 0, 2])


def by_hand(row, target):
    weight = [x + 1 if x >= 0 else 1 / (1 - x) for x in row]
    return -math.log(weight[target] / sum(weight))


def test_it_is_its_formula():
    found = StableMax().each(LOGITS, TARGETS)
    assert found.dtype == torch.float64
    said = [by_hand(*pair) for pair in zip(LOGITS.tolist(), TARGETS.tolist(), strict=True)]
    torch.testing.assert_close(found, torch.tensor(said, dtype=torch.float64), rtol=1e-12, atol=0)
    assert float(found[2]) == pytest.approx(math.log(3))


def test_its_gradient_is_right_at_zero_and_beyond():
    logits = LOGITS.double().requires_grad_()
    StableMax().each(logits, TARGETS).sum().backward()
    for place in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 2)]:
        moved = torch.zeros_like(LOGITS, dtype=torch.float64)
        moved[place] = 1e-6
        up, down = (float(StableMax().each(LOGITS.double() + s * moved, TARGETS).sum()) for s in (1, -1))
        assert float(logits.grad[place]) == pytest.approx((up - down) / 2e-6, rel=1e-5)
    assert bool(logits.grad.isfinite().all())


def test_where_softmax_collapses_in_single_precision_it_goes_on():
    sure = torch.tensor([[40.0, 0.0]], requires_grad=True)
    assert float(torch.nn.functional.cross_entropy(sure, torch.tensor([0]))) == 0
    StableMax().each(sure, torch.tensor([0])).sum().backward()
    assert float(sure.grad.abs().max()) > 1e-3


def test_a_recipe_may_name_it_and_it_is_minimised(tmp_path):
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(5), model=gl.MLP(d_mlp=8), loss="stablemax", train_fraction=0.8, steps=30
    )
    assert recipe.id == gl.Recipe.from_dict(recipe.to_dict()).id
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    losses = run.history["train_loss"]
    assert losses.attrs["units"] == "nats"
    assert float(losses[-1]) < float(losses[0])
    values = gl.Recipe.from_dict(recipe.to_dict() | {"loss": {"kind": "StableMax"}})
    assert values.id == recipe.id
    with pytest.raises(BadArgument, match="stablemax"):
        gl.Recipe.from_dict(recipe.to_dict() | {"loss": "stable"})
