"""The hooked MLP against its own formula."""

import pytest
import torch
from torch.nn.functional import gelu

from groklens.errors import BadArgument
from groklens.models import MLP, Transformer, weights
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(5, "add")
ACTIVATIONS = {"relu": torch.relu, "quadratic": torch.square, "identity": lambda x: x, "gelu": gelu}


def formula(model, tokens, combine, act_fn):
    """Input by input, operand by operand."""
    rows = []
    for row in tokens[:, :2]:
        terms = []
        for place, token in enumerate(row):
            vector = model.W_E[token] if model.W_E is not None else torch.eye(6)[token]
            terms.append(vector @ model.W_in[0 if combine == "sum" else place])
        pre = (terms[0] * terms[1] if combine == "product" else terms[0] + terms[1]) + model.b_in
        rows.append((pre, ACTIVATIONS[act_fn](pre)))
    pre, post = (torch.stack(parts) for parts in zip(*rows, strict=True))
    return pre, post, post @ model.W_U + model.b_U


@pytest.mark.parametrize("d_embed", [None, 3])
@pytest.mark.parametrize("combine", ["sum", "concat", "product"])
@pytest.mark.parametrize("act_fn", ACTIVATIONS)
def test_agrees_with_the_formula(d_embed, combine, act_fn):
    model = MLP(d_mlp=8, d_embed=d_embed, combine=combine, act_fn=act_fn).build(TASK, 0)
    with torch.no_grad():
        model.b_in.add_(torch.linspace(-1, 1, 8))
        model.b_U.add_(torch.linspace(-1, 1, 5))
        logits, cache = model.run_with_cache(TASK.inputs)
        pre, post, expected = formula(model, TASK.inputs, combine, act_fn)
    assert cache["blocks.0.mlp.hook_pre"].shape == (25, 1, 8)
    torch.testing.assert_close(cache["blocks.0.mlp.hook_pre"][:, 0], pre, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(cache["blocks.0.mlp.hook_post"][:, 0], post, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits[:, 0], expected, rtol=1e-5, atol=1e-5)
    assert ("hook_embed" in cache) == (d_embed is not None)
    if d_embed:
        assert torch.equal(cache["hook_embed"], model.W_E[TASK.inputs[:, :2]])


def test_hooks_intervene():
    model = MLP(d_mlp=8, d_embed=3).build(TASK, 0)
    with torch.no_grad():
        silent = model.run_with_hooks(
            TASK.inputs, fwd_hooks=[("blocks.0.mlp.hook_post", lambda value, hook: value * 0)]
        )
    assert torch.equal(silent[:, 0], model.b_U.expand(25, -1))


def test_summed_operands_cannot_be_told_apart():
    model = MLP(d_mlp=8, d_embed=3, combine="sum").build(TASK, 0)
    with torch.no_grad():
        assert torch.allclose(model(TASK.inputs), model(TASK.inputs[:, [1, 0, 2]]), atol=1e-6)


def test_weights_shapes_and_frozen_biases():
    model = MLP(d_mlp=8, d_embed=3, bias=False).build(TASK, 0)
    shapes = {name: tuple(value.shape) for name, value in weights(model).items()}
    assert shapes == {"W_E": (6, 3), "W_in": (2, 3, 8), "W_U": (8, 5), "b_in": (8,), "b_U": (5,)}
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    assert sorted(name.split(".")[-1] for name in frozen) == ["b_U", "b_in"]
    assert not model.b_in.any()
    assert not model.b_U.any()


def test_the_seed_decides_and_the_global_random_state_does_not():
    built = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        built.append(MLP(d_mlp=8).build(TASK, seed=3).state_dict())
        assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(built[0][name], built[1][name]) for name in built[0])


def test_initial_scales():
    model = MLP(d_mlp=512, d_embed=64).build(ModularArithmetic(61, "add"), 0)
    W_E, W_in, W_U = (value.detach() for value in (model.W_E, model.W_in, model.W_U))
    assert float(W_E.std()) == pytest.approx(64**-0.5, rel=0.05)
    assert float(W_in.std()) == pytest.approx(64**-0.5, rel=0.05)
    assert float(W_U.std()) == pytest.approx(61**-0.5, rel=0.05)


@pytest.mark.parametrize(
    ("spec", "fan_in"),
    [
        ({"combine": "concat", "d_embed": None}, {"W_in": 12, "b_in": 12, "W_U": 4096, "b_U": 4096}),
        ({"combine": "sum", "d_embed": None}, {"W_in": 6, "b_in": 6}),
        ({"combine": "product", "d_embed": 20}, {"W_E": 6, "W_in": 20, "b_in": 20}),
    ],
)
def test_uniform_draws_weights_and_biases_as_linear_layers_do(spec, fan_in):
    model = MLP(d_mlp=4096, init="uniform", **spec).build(TASK, 0)
    for name, inputs in fan_in.items():
        values, bound = getattr(model, name).detach(), inputs**-0.5
        assert 0 < values.abs().max() <= bound
        if values.numel() > 1000:
            assert abs(values.std() / (bound / 3**0.5) - 1) < 0.05


def test_uniform_is_a_matter_of_the_seed_and_biases_may_be_left_out():
    spec = MLP(d_mlp=8, d_embed=None, init="uniform")
    first, again, other = (spec.build(TASK, seed) for seed in (0, 0, 1))
    assert torch.equal(first.b_in, again.b_in)
    assert not torch.equal(first.b_in, other.b_in)
    bare = MLP(d_mlp=8, d_embed=None, init="uniform", bias=False).build(TASK, 0)
    assert torch.equal(bare.W_in, first.W_in)
    assert not bare.b_in.any()
    assert not bare.b_U.requires_grad


def test_only_an_mlp_is_initialised_so():
    with pytest.raises(BadArgument, match="choose one of 'nanda', 'gpt2'"):
        Transformer(init="uniform")
    with pytest.raises(BadArgument, match="'uniform'"):
        MLP(init="zeros")
