"""A copy of a model is one whose logits follow its own weights; everything else is refused and undone."""

# ruff: noqa: NPY002 (a stranger draws from the global generator)

import copy
import random

import numpy as np
import pytest
import strangers
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.models import answered, real_copy, run_logits
from groklens.models.noise import SAMPLED, equal, perturbed, sample

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


class Changed(strangers.Wrapped):
    """A wrapped net with one more weight, through which its answers pass."""

    def __init__(self, extra):
        super().__init__()
        self.extra = torch.nn.Parameter(extra)

    def forward(self, tokens):
        net = self.net(tokens)
        if self.extra.is_complex():
            return torch.fft.ifft(torch.fft.fft(net) * self.extra).real
        return torch.maximum(net, self.extra)


class WithExtraState(strangers.Wrapped):
    """A module that says more in its state than tensors."""

    n = 3

    def get_extra_state(self):
        return {"n": self.n}

    def set_extra_state(self, state):
        self.n = state["n"]


class NoisyByNumpy(strangers.Wrapped):
    def forward(self, tokens):
        noise = np.random.rand(len(tokens), 11) + random.random()
        return super().forward(tokens) + torch.tensor(noise).float()


def diverged(value, part=slice(None)):
    model = strangers.Wrapped()
    with torch.no_grad():
        model.net[2].weight[part] = value
    return model


def with_buffer(buffer):
    model = strangers.Wrapped()
    model.register_buffer("beside", buffer)
    return model


NAN, INF = float("nan"), float("inf")
HONEST = {
    "complex weights": lambda: Changed(torch.randn(11, dtype=torch.cfloat)),
    "-inf alone": lambda: Changed(torch.tensor(-INF)),
    "-inf in some places": lambda: Changed(torch.full((11,), -INF).index_fill(0, torch.tensor([2]), 0.5)),
    "all weights of a layer nan": lambda: diverged(NAN),
    "a row of them nan": lambda: diverged(NAN, 0),
    "weights of infinite size": lambda: diverged(INF),
    "weights that overflow": lambda: diverged(3e38),
    "bfloat16": lambda: strangers.Wrapped().bfloat16(),
    "float16": lambda: strangers.Wrapped().half(),
    "float64": lambda: strangers.Wrapped().double(),
    "transposed": lambda: Changed(torch.rand(1, 11, 1).expand(8, 11, 1).clone().transpose(0, 2)[0].T),
    "extra state": WithExtraState,
    "noise of numpy and Python": NoisyByNumpy,
    "a float8 buffer": lambda: with_buffer(torch.ones(3).to(torch.float8_e4m3fn)),
    "a mask of -inf": lambda: with_buffer(torch.full((3, 3), -INF).triu(1)),
    "an empty buffer": lambda: with_buffer(torch.zeros(0)),
}


def bits(model):
    return {
        name: value.reshape(-1).clone().view(torch.uint8) if value.numel() else value
        for name, value in model.state_dict().items()
        if isinstance(value, torch.Tensor)
    }


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_model_is_copied_to_the_bit_whatever_its_weights(name):
    torch.manual_seed(0)
    model = HONEST[name]()
    before = bits(model)
    twin = real_copy(model, TASK.inputs, TASK.d_vocab_out)
    for after in (bits(model), bits(twin)):
        assert after.keys() == before.keys()
        assert all(torch.equal(after[key], before[key]) for key in before)
    if name == "extra state":
        assert twin.n == 3


def test_a_closure_that_has_diverged_is_no_copy():
    net = diverged(NAN).net
    model = strangers.Wrapped()
    model.forward = lambda tokens: net(tokens)
    with pytest.raises(BadArgument, match=r"has diverged|no copy"):
        real_copy(model, TASK.inputs, TASK.d_vocab_out)


def test_weights_tied_and_undone_in_each_other_are_changed_each_by_its_own_noise():
    """Two weights of which only the difference counts: the same noise on both would leave the logits."""

    class Difference(strangers.Wrapped):
        def __init__(self):
            super().__init__()
            self.a, self.b = (torch.nn.Parameter(torch.ones(11)) for _ in range(2))

        def forward(self, tokens):
            return self.net(tokens).detach() * 0 + self.a - self.b

    real_copy(Difference(), TASK.inputs, TASK.d_vocab_out)


class TestNoise:
    @pytest.mark.parametrize(
        "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.cfloat]
    )
    @pytest.mark.parametrize("shape", [(), (3,), (700, 600)])
    def test_changes_every_entry_of_any_type_in_place(self, dtype, shape):
        value = torch.ones(shape, dtype=dtype)
        same = perturbed(value, torch.Generator().manual_seed(0))
        assert same.data_ptr() == value.data_ptr()
        assert float((value != 1).double().mean()) > 0.95
        assert (value - 1).abs().double().mean() < 2

    def test_changes_a_copy_of_what_cannot_be_written_to(self):
        value = torch.ones(1).expand(5)
        changed = perturbed(value, torch.Generator().manual_seed(0))
        assert torch.equal(value, torch.ones(5))
        assert len(changed.unique()) == 5

    def test_a_sample_is_small_and_sees_a_change_of_everything(self):
        value = torch.zeros(1000, 1000)
        before = sample(value)
        assert before.shape == (1000, 1000)
        assert len(before.entries) < 2 * SAMPLED
        perturbed(value, torch.Generator().manual_seed(0))
        assert not equal(sample(value).entries, before.entries)

    def test_equal_is_to_the_bit(self):
        assert equal(torch.tensor([NAN, 1]), torch.tensor([NAN, 1]))
        assert not equal(torch.tensor(0.0), torch.tensor(-0.0))
        assert not equal(torch.zeros(2), torch.zeros(3))
        assert not equal(torch.zeros(2), torch.zeros(2).double())
        assert equal(torch.ones(2, dtype=torch.cfloat), torch.ones(2, dtype=torch.cfloat))
        assert equal(torch.eye(2).to_sparse(), torch.eye(2).to_sparse())
