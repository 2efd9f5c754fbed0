"""The quick forward pass against the plain model: values, gradients, and training side by side."""

import functools

import pytest
import torch

from groklens.models import MLP, Transformer, run_logits
from groklens.models.fast_pass import (
    quick_applies,
    quick_logits,
    quick_neuron_inputs,
    quick_patterns,
    quick_read_from,
)
from groklens.models.fast_pass.engine import quick_forward
from groklens.models.loss import cross_entropy_each
from groklens.models.workspace import Workspace
from groklens.tasks import ModularArithmetic, TableTask

TASK = ModularArithmetic(7, "add")
SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}
VARIANTS = {
    "one layer": {},
    "two layers": {"n_layers": 2},
    "three layers": {"n_layers": 3},
    "one head": {"n_heads": 1},
    "heads narrower than the stream": {"n_heads": 3, "d_head": 4},
    "no MLP": {"d_mlp": None, "n_layers": 2},
    "LN": {"normalization": "LN", "n_layers": 2},
    "LNPre": {"normalization": "LNPre", "n_layers": 2},
    "biases": {"bias": True, "n_layers": 2},
    "biases of the MLP": {"bias": "mlp"},
    "not causal": {"causal": False, "n_layers": 2},
    "gelu": {"act_fn": "gelu"},
    "gelu_new": {"act_fn": "gelu_new"},
    "silu": {"act_fn": "silu", "normalization": "LN"},
    "solu": {"act_fn": "solu"},
    "gelu, three layers": {"act_fn": "gelu", "n_layers": 3, "bias": True},
    "no MLP, one layer": {"d_mlp": None, "bias": True},
    "not causal, one layer": {"causal": False},
    "gpt2": {"init": "gpt2", "n_layers": 2, "bias": True, "normalization": "LN"},
}
MLPS = {
    "MLP": {},
    "MLP on one-hots": {"d_embed": None},
    "MLP, shared weights": {"combine": "sum", "act_fn": "quadratic"},
    "MLP, gelu": {"act_fn": "gelu"},
    "MLP, product": {"combine": "product", "act_fn": "identity"},
    "MLP, product of one-hots, no bias": {"combine": "product", "d_embed": None, "bias": False},
}
EVERY = [*VARIANTS, *MLPS]
# In float64, LNPre computes in float32 (TransformerLens): two orders of summation part there.
IN_DOUBLE = [name for name in EVERY if name != "LNPre"]
#: One of each kind, which is followed for longer.
FOLLOWED = ("one layer", "two layers", "LN", "MLP")


def build(variant, task=TASK, seed=0):
    if variant in MLPS:
        model = MLP(**{"d_mlp": 16, "d_embed": 8, **MLPS[variant]}).build(task, seed)
    else:
        model = Transformer(**{**SMALL, **VARIANTS[variant]}).build(task, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():  # zero biases would hide mistakes in how they are used
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


#: A model that is only looked at, built once.
built = functools.cache(build)


def gradients(model, logits_of, task=TASK):
    model.zero_grad()
    cross_entropy_each(logits_of(model, task.inputs, task.d_vocab_out), task.labels).mean().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("variant", EVERY)
def test_same_logits_and_gradients_as_the_plain_model(variant):
    model = built(variant)
    assert quick_applies(model)
    quick, plain = (logits(model, TASK.inputs, 7) for logits in (quick_logits, run_logits))
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-5)
    ours, theirs = gradients(model, quick_logits), gradients(model, run_logits)
    largest = max(float(gradient.abs().max()) for gradient in theirs.values())
    for name, gradient in theirs.items():
        # A key's bias has no gradient in theory: both passes give rounding there.
        torch.testing.assert_close(ours[name], gradient, rtol=1e-5, atol=1e-5 * largest, msg=name)
    assert max(float(gradient.abs().max()) for gradient in ours.values()) > 1e-3


@pytest.mark.parametrize("variant", [name for name in EVERY if "no MLP" not in name])
def test_same_neuron_inputs_as_at_the_hook(variant):
    model = built(variant)
    layer = getattr(model.cfg, "n_layers", 1) - 1
    with torch.no_grad():
        hooked = model.run_with_cache(TASK.inputs)[1][f"blocks.{layer}.mlp.hook_pre"][:, -1]
        torch.testing.assert_close(quick_neuron_inputs(model, TASK.inputs), hooked, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_patterns_and_parts_of_what_heads_read_as_at_the_hooks(variant):
    model = built(variant)
    with torch.no_grad():
        cache = model.run_with_cache(TASK.inputs)[1]
        found = list(quick_patterns(model, TASK.inputs))
        parts = quick_read_from(model, TASK.inputs)
    assert len(found) == model.cfg.n_layers
    for layer, pattern in enumerate(found):
        torch.testing.assert_close(pattern, cache[f"blocks.{layer}.attn.hook_pattern"], rtol=1e-5, atol=1e-6)
    last = f"blocks.{model.cfg.n_layers - 1}.attn."
    of_answer, values = cache[last + "hook_pattern"][:, :, -1].mT, cache[last + "hook_v"]
    torch.testing.assert_close(parts, of_answer[..., None] * values, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_values_read_by_the_last_heads_are_those_put_in_at_the_hook(variant):
    model = built(variant)
    hook = f"blocks.{model.cfg.n_layers - 1}.attn.hook_z"
    with torch.no_grad():
        shape = model.run_with_cache(TASK.inputs)[1][hook].shape
        read = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        put_in = model.run_with_hooks(TASK.inputs, fwd_hooks=[(hook, lambda value, hook: read)])[:, -1, :7]
        quick = quick_forward(model, TASK.inputs, 7, heads=read[:, -1])[0]
    torch.testing.assert_close(quick, put_in, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("variant", ["one layer", "two layers", "not causal", "MLP"])
def test_same_on_inputs_in_any_order_and_number(variant):
    model = built(variant)
    order = torch.randperm(49, generator=torch.Generator().manual_seed(1))[:13]
    with torch.no_grad():
        whole = quick_logits(model, TASK.inputs, 7)
        torch.testing.assert_close(
            quick_logits(model, TASK.inputs[order], 7), whole[order], rtol=1e-5, atol=1e-5
        )
        one = quick_logits(model, TASK.inputs[5:6], 7)
    torch.testing.assert_close(one, whole[5:6], rtol=1e-5, atol=1e-5)


def test_same_without_a_separator_and_on_longer_inputs():
    rows = torch.cartesian_prod(*[torch.arange(4)] * 4)
    task = TableTask(rows, rows.sum(dim=1) % 4, d_vocab=6)
    model = build("two layers", task)
    with torch.no_grad():
        quick, plain = (logits(model, task.inputs, task.d_vocab_out) for logits in (quick_logits, run_logits))
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-5)


def losses_of_training(variant, logits_of, steps, dtype):
    model = build(variant).to(dtype)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98))
    losses = []
    for _ in range(steps):
        loss = cross_entropy_each(logits_of(model, TASK.inputs, 7), TASK.labels).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)


@pytest.mark.parametrize("variant", EVERY)
def test_ten_steps_on_their_own_stay_together(variant):
    ours, theirs = (losses_of_training(variant, f, 10, torch.float32) for f in (quick_logits, run_logits))
    assert theirs[-1] < theirs[0]
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=0)


@pytest.mark.parametrize("variant", IN_DOUBLE)
def test_steps_in_double_precision_stay_together(variant):
    steps = 60 if variant in FOLLOWED else 15
    ours, theirs = (losses_of_training(variant, f, steps, torch.float64) for f in (quick_logits, run_logits))
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=0)


@pytest.mark.parametrize("variant", ["one layer", "two layers", "MLP", "gelu", "no MLP"])
def test_a_workspace_changes_nothing(variant):
    workspace = Workspace()

    def with_workspace(model, tokens, d_vocab_out):
        return quick_logits(model, tokens, d_vocab_out, workspace)

    runs = [losses_of_training(variant, f, 5, torch.float32) for f in (with_workspace, quick_logits)]
    assert torch.equal(*runs)


def test_inputs_that_are_all_alike():
    model = build("two layers")
    tokens = TASK.inputs[3:4].expand(5, -1)
    with torch.no_grad():
        torch.testing.assert_close(
            quick_logits(model, tokens, 7), run_logits(model, tokens, 7), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("variant", ["one layer", "gelu", "MLP"])
def test_the_quick_neurons_are_the_hooked_ones(variant):
    model = built(variant)
    _, cache = model.run_with_cache(TASK.inputs, names_filter="blocks.0.mlp.hook_post")
    with torch.no_grad():
        neurons = quick_forward(model, TASK.inputs, 7)[1]
    torch.testing.assert_close(neurons, cache["blocks.0.mlp.hook_post"][:, -1], rtol=1e-5, atol=1e-5)


def test_a_model_with_hooks_on_it_runs_plainly_and_the_hook_counts():
    model = build("one layer")
    with torch.no_grad():
        free = quick_logits(model, TASK.inputs, 7)
        model.add_hook("blocks.0.mlp.hook_post", lambda value, hook: value * 0)
        assert not quick_applies(model)
        ablated = quick_logits(model, TASK.inputs, 7)
        model.reset_hooks()
        assert quick_applies(model)
    assert (ablated - free).abs().max() > 0.1


def test_a_forward_hook_of_torch_counts_too():
    model = build("one layer")
    handle = model.original_model.register_forward_hook(lambda module, args, output: output * 0)
    with torch.no_grad():
        assert not quick_logits(model, TASK.inputs, 7).any()
        handle.remove()
        assert quick_applies(model)
        assert quick_logits(model, TASK.inputs, 7).any()


def test_having_looked_at_a_model_does_not_slow_it_down():
    model = build("two layers")
    model.run_with_cache(TASK.inputs, names_filter="blocks.1.mlp.hook_post")
    assert quick_applies(model)


def test_unsupported_activations_run_plainly():
    model = Transformer(**SMALL, act_fn="solu_ln").build(TASK, 0)
    assert not quick_applies(model)
    with torch.no_grad():
        assert torch.equal(quick_logits(model, TASK.inputs, 7), model(TASK.inputs)[:, -1, :7])


@pytest.mark.parametrize("variant", MLPS)
def test_a_hook_on_an_mlp_counts(variant):
    model = build(variant)
    with torch.no_grad():
        free = quick_logits(model, TASK.inputs, 7)
        model.add_hook("blocks.0.mlp.hook_post", lambda value, hook: value * 0)
        assert not quick_applies(model)
        assert (quick_logits(model, TASK.inputs, 7) - free).abs().max() > 0.1


@pytest.mark.parametrize(
    "spec",
    [Transformer(), Transformer(n_layers=2, causal=False), MLP(), MLP(d_embed=None)],
    ids=["transformer", "two layers", "MLP", "one-hot MLP"],
)
def test_gradients_are_the_same_to_the_bit_every_time(spec):
    """At a size where torch splits its loops between threads: it does not at the small ones above."""
    task = ModularArithmetic(59, "add")
    model = spec.build(task, 0)
    first = gradients(model, quick_logits, task)
    for _ in range(3):
        again = gradients(model, quick_logits, task)
        assert [name for name, value in first.items() if not torch.equal(again[name], value)] == []
