"""A transformer that is not built yet: to the bit what its bridge is, and the bridge when that is asked for."""

import threading

import pytest
import torch

from groklens import ModularArithmetic, Transformer
from groklens.models import (
    Renamed,
    at_rest,
    describe_model,
    random_set_aside,
    real_copy,
    with_weights_shuffled,
)
from groklens.models.fast_pass import quick_applies
from groklens.models.protocol import WEIGHT_NAMES, weight_of
from groklens.models.unbuilt import built, draws_nothing, unbuilt

TASK = ModularArithmetic(7)
SIZES = {"d_model": 16, "n_heads": 2, "d_head": 4, "d_mlp": 32}
KINDS = {
    "one layer": {},
    "two layers, all biases": {"n_layers": 2, "bias": True, "act_fn": "gelu"},
    "wide heads, seen from both sides": {"d_head": 8, "causal": False, "act_fn": "gelu_new"},
    "attention alone": {"n_layers": 2, "d_mlp": None},
    "silu": {"act_fn": "silu"},
}


def bridge_and_unbuilt(**more):
    bridge = Transformer(**{**SIZES, **more}).build(TASK, seed=0)
    with torch.no_grad():  # biases are zero to begin with
        for parameter in bridge.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    calls = []
    made = unbuilt(describe_model(bridge)["config"], bridge.state_dict(), lambda: calls.append(1) or bridge)
    return bridge, made, calls


@pytest.mark.parametrize("kind", KINDS)
def test_is_its_bridge_to_the_bit_without_one(kind):
    bridge, made, calls = bridge_and_unbuilt(**KINDS[kind])
    with at_rest(bridge), at_rest(made):
        assert torch.equal(made(TASK.inputs), bridge(TASK.inputs))
    assert list(made.hook_dict) == list(bridge.hook_dict)
    assert [p.shape for p in made.parameters()] == [p.shape for p in bridge.parameters()]
    assert quick_applies(made)
    for name in WEIGHT_NAMES:
        own, other = weight_of(made, name), weight_of(bridge, name)
        assert (own is None) == (other is None), name
        assert own is None or (torch.equal(own, other) and own.stride() == other.stride()), name
    assert not calls


@pytest.mark.parametrize(
    "site",
    ["hook_embed", "blocks.0.attn.hook_pattern", "blocks.0.mlp.hook_pre", "blocks.0.mlp.hook_post"],
)
def test_hooks_see_and_change_what_the_bridges_do(site):
    bridge, made, calls = bridge_and_unbuilt(bias=True)
    found = {}
    for name, model in {"bridge": bridge, "own": made}.items():
        seen = []

        def edit(value, hook, seen=seen):
            seen.append(value.clone())
            return value * 0.5

        with at_rest(model):
            output = model.run_with_hooks(TASK.inputs, fwd_hooks=[(site, edit)])
            after = model(TASK.inputs)
        found[name] = (*seen, output, after)
    assert not calls
    for own, other in zip(found["own"], found["bridge"], strict=True):
        assert torch.equal(own, other)


def test_hooks_go_over_to_a_bridge_that_is_built_while_they_are_in_place():
    bridge, made, calls = bridge_and_unbuilt()
    site = "blocks.0.mlp.hook_post"
    halved = [(site, lambda value, hook: value * 0.5)]
    with at_rest(bridge), bridge.hooks(fwd_hooks=halved):
        wanted, cached = bridge.run_with_cache(TASK.inputs)
    with at_rest(made), made.hooks(fwd_hooks=halved):
        assert not quick_applies(made)
        output, cache = made.run_with_cache(TASK.inputs)
    assert calls == [1]
    assert torch.equal(output, wanted)
    assert torch.equal(cache["blocks.0.hook_resid_post"], cached["blocks.0.hook_resid_post"])
    assert quick_applies(bridge)  # none is left behind
    assert quick_applies(made)


def test_a_copy_has_weights_of_its_own_which_its_bridge_has_too():
    bridge, made, calls = bridge_and_unbuilt(bias=True)
    with at_rest(bridge):
        before = bridge(TASK.inputs).detach().clone()
    twin = real_copy(made, TASK.inputs, TASK.d_vocab_out)
    assert draws_nothing(twin)
    shuffled = with_weights_shuffled(real_copy(bridge, TASK.inputs, TASK.d_vocab_out), seed=3)
    with_weights_shuffled(twin, seed=3)
    with at_rest(shuffled), at_rest(twin), at_rest(made):
        wanted = shuffled(TASK.inputs)
        assert torch.equal(twin(TASK.inputs), wanted)
        assert torch.equal(made(TASK.inputs), before)
        assert not torch.equal(wanted, before)
    assert not calls
    with at_rest(built(twin)):
        assert torch.equal(built(twin)(TASK.inputs), wanted)


def test_is_the_bridge_once_it_is_built():
    bridge, made, calls = bridge_and_unbuilt()
    assert built(made) is bridge
    assert made.model is bridge
    assert calls == [1]
    with torch.no_grad():
        bridge.original_model.head.weight.zero_()
    assert float(made(TASK.inputs).detach().abs().max()) == 0
    assert made.cfg is bridge.cfg
    assert built(bridge) is bridge


@pytest.mark.parametrize("more", [{"normalization": "LN"}, {"positions": "rotary"}, {"act_fn": "solu_ln"}])
def test_what_is_not_known_to_be_computed_so_is_left_to_its_bridge(more):
    bridge = Transformer(**{**SIZES, **more}).build(TASK, seed=0)
    assert unbuilt(describe_model(bridge)["config"], bridge.state_dict(), lambda: bridge) is None


def test_a_state_with_a_bias_of_the_unembedding_or_another_shape_is_left_to_its_bridge():
    bridge = Transformer(**SIZES).build(TASK, seed=0)
    config, state = describe_model(bridge)["config"], bridge.state_dict()
    assert unbuilt(config, {**state, "unembed.bias": torch.ones(7)}, lambda: bridge) is None
    assert unbuilt(config, {**state, "embed.weight": torch.ones(3, 16)}, lambda: bridge) is None
    assert unbuilt({**config, "n_layers": 2}, state, lambda: bridge) is None
    assert unbuilt(config, {name: value.double() for name, value in state.items()}, lambda: bridge) is None


def test_it_draws_nothing_until_there_is_a_bridge_or_somebodys_hook():
    bridge, made, _ = bridge_and_unbuilt()
    order = torch.arange(7)
    assert draws_nothing(made)
    assert draws_nothing(Renamed(made, order, order))
    assert not draws_nothing(bridge)
    with made.hooks(fwd_hooks=[("hook_embed", lambda value, hook: value)]):
        assert not draws_nothing(made)
    assert built(made) is bridge
    assert not draws_nothing(made)


def test_looks_in_two_threads_leave_the_random_state_as_it_was():
    model = torch.nn.Linear(2, 2)
    before = torch.get_rng_state()
    inside, drawn = threading.Event(), []

    def look():
        with random_set_aside(model):
            inside.set()
            drawn.append(torch.rand(3))

    with random_set_aside(model):
        other = threading.Thread(target=look)
        other.start()
        assert not inside.wait(0.1)
        drawn.append(torch.rand(3))
    other.join(10)
    assert torch.equal(*drawn)
    assert torch.equal(torch.get_rng_state(), before)
