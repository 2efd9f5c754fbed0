"""The transformer that is trained: its initial weights, its frozen biases, its names."""

import pytest
import torch

from groklens.models import Transformer, weights
from groklens.models.fast_pass import quick_logits
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(7, "add")
SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}


def states(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_seed_decides_every_weight_whatever_the_global_random_state():
    built = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        built.append(states(Transformer(**SMALL).build(TASK, seed=5)))
        assert torch.equal(torch.get_rng_state(), before)
    assert same(*built)
    assert not same(built[0], states(Transformer(**SMALL).build(TASK, seed=6)))


@pytest.mark.parametrize(
    ("init", "scales"),
    [
        ("nanda", {"W_E": 64**-0.5, "W_Q": 64**-0.5, "W_O": 64**-0.5, "W_out": 64**-0.5, "W_U": 62**-0.5}),
        ("gpt2", {"W_E": 0.8 / 8, "W_Q": 0.8 / 8, "W_O": 0.8 / 8, "W_out": 0.8 / 8, "W_U": 0.8 / 8}),
    ],
)
def test_each_scheme_draws_what_it_says(init, scales):
    task = ModularArithmetic(61, "add")  # d_vocab 62
    model = Transformer(n_layers=2, d_model=64, n_heads=4, d_head=16, d_mlp=256, init=init).build(task, 0)
    found = weights(model)
    for name, scale in scales.items():
        values = found[name].double().flatten()
        error = 4 * scale / (2 * len(values)) ** 0.5  # four standard errors of a standard deviation
        assert abs(float(values.std()) - scale) < error, name
        assert abs(float(values.mean())) < 4 * scale / len(values) ** 0.5, name
    # No scaling by depth, unlike TransformerLens 4.
    assert float(found["W_O"].std()) == pytest.approx(float(found["W_Q"].std()), rel=0.05)


def trained(model, steps=5):
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=1e-2, weight_decay=1.0
    )
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(quick_logits(model, TASK.inputs, 7), TASK.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@pytest.mark.parametrize(
    ("bias", "moving"), [(False, []), ("mlp", ["b_in", "b_out"]), (True, ["b_V", "b_O", "b_in", "b_out"])]
)
def test_biases_are_zero_at_first_and_stay_so_where_frozen(bias, moving):
    model = Transformer(**SMALL, bias=bias).build(TASK, 0)
    assert all(not value.any() for name, value in weights(model).items() if name.startswith("b_"))
    after = weights(trained(model))
    moved = [name for name, value in after.items() if name.startswith("b_") and value.abs().max() > 1e-6]
    if bias is True:  # queries' and keys' biases may or may not get a gradient
        moved = [name for name in moved if name not in ("b_Q", "b_K")]
    assert sorted(moved) == sorted(moving)


def test_norms_keep_their_own_bias():
    model = Transformer(**SMALL, normalization="LN").build(TASK, 0)
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert any(".ln1" in name and name.endswith("bias") for name in trainable)
    assert not any(".attn" in name and name.endswith("bias") for name in trainable)


def test_shapes_and_names_are_those_of_transformer_lens():
    model = Transformer(n_layers=2, **SMALL).build(TASK, 0)
    shapes = {name: tuple(value.shape) for name, value in weights(model).items() if name[0] == "W"}
    assert shapes == {
        "W_E": (8, 16),
        "W_pos": (3, 16),
        "W_Q": (2, 2, 16, 8),
        "W_K": (2, 2, 16, 8),
        "W_V": (2, 2, 16, 8),
        "W_O": (2, 2, 8, 16),
        "W_in": (2, 16, 32),
        "W_out": (2, 32, 16),
        "W_U": (16, 7),
    }
    assert "W_in" not in weights(Transformer(**{**SMALL, "d_mlp": None}).build(TASK, 0))
