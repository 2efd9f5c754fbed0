"""A copy of a model is one whose logits follow its own weights; everything else is refused and undone."""

import copy

import pytest
import strangers
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.models import answered, real_copy, run_logits

TASK = gl.ModularArithmetic(11, "add")


def no_weights():
    model = strangers.Giving(lambda logits: logits, n=11)
    del model.scale
    model.scale = 20.0
    return model


def tuple_of_logits():
    model = strangers.Wrapped()
    model.forward = strangers.types.MethodType(lambda self, tokens: (self.net(tokens), None), model)
    return answered(model, lambda output: output[0])


def in_training():
    model = strangers.Wrapped(torch.nn.Sequential(strangers.small_net(), torch.nn.Dropout(0.5)))
    model.train()
    model.net[0].eval()
    return model


REAL = {
    "hooked module": strangers.Wrapped,
    "patched by a method": strangers.patched_by_a_method,
    "patched by a partial": strangers.patched_by_a_partial,
    "not a module": strangers.Table,
    "found by answer=": tuple_of_logits,
    "with dropout, in training": in_training,
    "planted": lambda: gl.planted(TASK, [1, 3]),
    "transformer": lambda: gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=16).build(
        TASK, 0
    ),
}
NONE = {
    "all closures": (strangers.of_closures, "does not compute with its own weights"),
    "all lambdas": (strangers.of_lambdas, "shares its weights with the model itself"),
    "forward patched by a closure": (strangers.patched_by_a_closure, "does not compute with its own weights"),
    "half of it in a closure": (strangers.half_a_closure, r"computes with 5 weights .*does not hold"),
    "a layer in a plain list": (strangers.Listed, r"computes with 2 weights .*\(11, 11\).*does not hold"),
    "a layer in a global": (strangers.OfAGlobal, r"computes with 2 weights .*does not hold"),
    "weights shared by __deepcopy__": (strangers.SharesItsNet, "shares its weights with the model itself"),
    "a load that fails half-way": (
        strangers.FailsToLoad,
        r"take its own state_dict back \(RuntimeError: no room\)",
    ),
    "no weights at all": (no_weights, "has no weights in its state_dict"),
}


def state(model):
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def unchanged(model, before):
    after = state(model)
    return after.keys() == before.keys() and all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize("name", REAL)
def test_a_real_copy_follows_its_own_weights_alone(name):
    model = REAL[name]()
    before, random = state(model), torch.get_rng_state()
    modes = [module.training for module in model.modules()] if hasattr(model, "modules") else []
    twin = real_copy(model, TASK.inputs, TASK.d_vocab_out)
    assert unchanged(model, before)
    assert unchanged(twin, before)
    assert torch.equal(torch.get_rng_state(), random)
    if modes:
        assert [module.training for module in model.modules()] == modes
        assert [module.training for module in twin.modules()] == modes
        assert all(parameter.grad is None for parameter in model.parameters())
    twin.load_state_dict({key: value + 1 for key, value in before.items()})
    assert unchanged(model, before)


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_copy_is_refused_and_undone(name):
    make, said = NONE[name]
    model = make()
    before, random = state(model), torch.get_rng_state()
    logits = run_logits(model, TASK.inputs, 11)
    with pytest.raises(BadArgument, match=said) as caught:
        real_copy(model, TASK.inputs, TASK.d_vocab_out)
    assert "\n" not in str(caught.value)
    assert "derive it from torch.nn.Module or HookedRootModule" in str(caught.value)
    assert unchanged(model, before)
    assert torch.equal(run_logits(model, TASK.inputs, 11), logits)
    assert torch.equal(torch.get_rng_state(), random)


def test_gradients_and_pending_graphs_stay():
    model = strangers.Wrapped()
    loss = model(TASK.inputs).square().mean()
    loss.backward(retain_graph=True)
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    real_copy(model, TASK.inputs, 11)
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    loss.backward()  # nothing that it needs was written to


def test_what_cannot_be_copied_or_loaded_says_so():
    model = strangers.Wrapped()
    model.kept = model(TASK.inputs)  # deepcopy refuses what has a gradient behind it
    with pytest.raises(BadArgument, match="cannot be copied"):
        real_copy(model, TASK.inputs, 11)
    with pytest.raises(BadArgument, match="has no load_state_dict"):
        real_copy(strangers.SimpleNamespace(state_dict=dict), TASK.inputs, 11)


def test_explain_refuses_a_control_that_is_the_model_itself():
    """Shuffling the weights of a "copy" that runs the model's own net would call the trained model untrained."""
    with pytest.raises(BadArgument, match="it is no copy"):
        gl.explain(strangers.of_closures(), TASK)


def test_copies_of_copies_agree():
    model = strangers.Wrapped()
    twin = real_copy(real_copy(model, TASK.inputs, 11), TASK.inputs, 11)
    assert torch.equal(run_logits(twin, TASK.inputs, 11), run_logits(copy.deepcopy(model), TASK.inputs, 11))
