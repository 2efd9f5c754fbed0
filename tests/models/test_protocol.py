"""What groklens takes for a model, and how it finds hooks on it."""

import pytest
import torch

from groklens.errors import BadArgument, UnknownName
from groklens.models import LOSSES_EACH, MLP, Transformer, accuracy, check_model, matching_hooks, run_logits
from groklens.models.loss import cross_entropy_each
from groklens.models.rebuild import describe_model, rebuild_model
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(5, "add")
SMALL = {"d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 16}


@pytest.fixture(scope="module")
def model():
    return Transformer(**SMALL, n_layers=2).build(TASK, 0)


def test_names_filters_as_in_transformer_lens(model):
    assert matching_hooks(model, "hook_embed") == ["hook_embed"]
    both = ["blocks.1.mlp.hook_post", "blocks.0.mlp.hook_post"]
    assert matching_hooks(model, both) == both
    assert set(matching_hooks(model, lambda name: name.endswith("mlp.hook_post"))) == set(both)


@pytest.mark.parametrize(
    ("names_filter", "advice"),
    [
        ("blocks.0.mlp.hook_pots", "blocks.0.mlp.hook_post"),
        (["hook_embed", "hook_nothing"], "hook_nothing"),
        (lambda name: False, "accepts none"),
    ],
)
def test_unknown_hooks_are_named_with_their_nearest(model, names_filter, advice):
    with pytest.raises(UnknownName, match=advice) as caught:
        matching_hooks(model, names_filter)
    assert not str(caught.value).startswith("'")  # a plain KeyError would quote it


def test_a_plain_module_is_refused_with_the_way_out():
    with pytest.raises(BadArgument, match=r"gl\.hooked\(module\)"):
        check_model(torch.nn.Linear(2, 2))


def test_too_few_classes_are_noticed(model):
    with pytest.raises(BadArgument, match="d_vocab_out=6"):
        run_logits(model, TASK.inputs, 6)


def test_losses_are_float64_and_right():
    logits = torch.tensor([[0.0, 40.0], [1.0, 1.0]])
    labels = torch.tensor([1, 0])
    expected = (
        torch.log1p(torch.exp(torch.tensor(-40.0).double())) + torch.log(torch.tensor(2.0).double())
    ) / 2
    assert float(cross_entropy_each(logits, labels).mean()) == pytest.approx(float(expected), rel=1e-12)
    alone = float(cross_entropy_each(logits[:1], labels[:1]))
    assert alone == pytest.approx(4.248354255291589e-18, rel=0.2) or alone == 0.0
    assert float(cross_entropy_each(logits[:1] / 1.6, labels[:1])) == pytest.approx(
        1.3887943864771144e-11, rel=1e-4
    )
    assert float(LOSSES_EACH["mse"](logits, labels).mean()) == pytest.approx((0 + 39**2 + 0 + 1) / 4)
    assert accuracy(logits, labels) == 1.0  # the first of equals is the answer
    assert accuracy(logits, 1 - labels) == 0.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: Transformer(**SMALL, n_layers=2, normalization="LN", causal=False, act_fn="gelu").build(
            TASK, 0
        ),
        lambda: Transformer(**{**SMALL, "d_mlp": None}).build(TASK, 0),
        lambda: MLP(d_mlp=8, d_embed=None, combine="sum", act_fn="quadratic").build(TASK, 0),
        lambda: MLP(d_mlp=8, d_embed=3, combine="concat").build(TASK, 0),
    ],
    ids=["transformer", "attention only", "one-hot MLP", "MLP"],
)
def test_a_model_is_rebuilt_from_its_description(build):
    import json

    original = build()
    before = torch.get_rng_state()
    again = rebuild_model(json.loads(json.dumps(describe_model(original))))
    assert torch.equal(torch.get_rng_state(), before)
    again.load_state_dict(original.state_dict())
    with torch.no_grad():
        assert torch.equal(run_logits(again, TASK.inputs, 5), run_logits(original, TASK.inputs, 5))


def test_a_class_of_the_users_own_cannot_be_rebuilt():
    with pytest.raises(BadArgument, match="model=MyModel"):
        rebuild_model({"kind": "MyModel"})
