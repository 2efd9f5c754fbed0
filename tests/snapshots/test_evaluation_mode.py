"""Looking at a model leaves no trace: mode of every module, statistics, gradients, random state."""

# ruff: noqa: NPY002 (the global generator is what is looked at)

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformer_lens.hook_points import HookPoint
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl
from groklens.errors import BadArgument
from groklens.models import at_rest

TASK = gl.ModularArithmetic(7, "add")


class Noisy(HookedRootModule):
    """Dropout and batch statistics, as a model in the middle of its training has them."""

    def __init__(self):
        super().__init__()
        self.cfg = SimpleNamespace(n_layers=1)
        self.W_E = nn.Parameter(torch.randn(8, 12))
        self.hook_embed = HookPoint()
        self.inner = nn.Sequential(nn.Linear(24, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5))
        self.blocks = nn.ModuleList([nn.ModuleDict({"mlp": nn.ModuleDict({"hook_post": HookPoint()})})])
        self.readout = nn.Linear(16, 7)
        self.setup()

    def forward(self, tokens):
        embedded = self.hook_embed(self.W_E[tokens[:, :2]])
        hidden = self.inner(embedded.flatten(1))[:, None]
        return self.readout(self.blocks[0]["mlp"]["hook_post"](hidden))


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = Noisy().train()
    model.inner[2].eval()  # each module has a mode of its own
    return model


LOOKS = {
    "logits": lambda s: s.logits,
    "activations": lambda s: s.activations("blocks.0.mlp.hook_post"),
    "neurons": lambda s: s.neurons,
    "capture": lambda s: torch.tensor(
        gl.capture(s, "blocks.0.mlp.hook_post")["blocks.0.mlp.hook_post"].values
    ),
    "patch": lambda s: gl.interventions.ablate(s, [0, 1]).logits,
    "gradients": lambda s: torch.tensor(gl.measures.gradient_symmetricity(s)),
    "measures": lambda s: torch.tensor(gl.measures.loss(s)),
    "explain": lambda s: torch.tensor(gl.explain(s).finding("generalises").value),
}


def trace(model):
    modes = [module.training for module in model.modules()]
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    return modes, gradients, {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return (
        a[0] == b[0]
        and all(torch.equal(a[2][name], b[2][name]) for name in a[2])
        and all((x is None and y is None) or torch.equal(x, y) for x, y in zip(a[1], b[1], strict=True))
    )


@pytest.mark.parametrize("name", LOOKS)
def test_two_looks_agree_and_leave_no_trace(model, name):
    before, random = trace(model), torch.get_rng_state()
    first = LOOKS[name](gl.Snapshot(model, TASK))
    assert same(trace(model), before)
    assert torch.equal(torch.get_rng_state(), random)
    torch.randn(5)
    assert torch.equal(LOOKS[name](gl.Snapshot(model, TASK)), first)


def test_gradients_of_a_step_under_way_stay(model):
    model(TASK.inputs).sum().backward()
    before = trace(model)
    gl.explain(model, TASK)
    assert same(trace(model), before)


def test_an_exception_leaves_no_trace_either(model):
    def fails(value, hook):
        torch.randn(1)
        raise RuntimeError("no")

    before, random = trace(model), torch.get_rng_state()
    with model.hooks(fwd_hooks=[("hook_embed", fails)]), pytest.raises(BadArgument, match="RuntimeError: no"):
        gl.Snapshot(model, TASK).logits  # noqa: B018
    assert same(trace(model), before)
    assert torch.equal(torch.get_rng_state(), random)


def test_a_mode_that_is_more_than_a_flag_is_put_back():
    class Switch(nn.Linear):
        noise = True

        def train(self, mode=True):
            self.noise = mode
            return super().train(mode)

    switch = nn.Sequential(Switch(2, 2), nn.Dropout()).train()
    with at_rest(switch):
        assert not switch[0].noise
    assert switch[0].noise
    assert all(module.training for module in switch.modules())


def test_noise_in_evaluation_mode_is_the_same_in_every_look_and_said(caplog):
    class Careless(Noisy):
        def forward(self, tokens):
            return F.dropout(super().forward(tokens), 0.5)

    torch.manual_seed(0)
    model = Careless()
    first = gl.Snapshot(model, TASK).logits
    torch.randn(3)
    assert torch.equal(gl.Snapshot(model, TASK).logits, first)
    (line,) = [record.message for record in caplog.records]
    assert "A Careless draws random numbers in evaluation mode" in line


DRAWS = {
    "numpy": lambda n: torch.tensor(np.random.rand(n, 7)).float(),
    "numpy, in pairs": lambda n: torch.tensor([np.random.randn()]).float(),  # the second of a pair is kept
    "random": lambda n: torch.tensor([[random.random()] for _ in range(n)]),
    "random, in pairs": lambda n: torch.tensor([random.gauss(0, 1)]),
}


def random_states():
    return torch.get_rng_state().tolist(), repr(np.random.get_state()), random.getstate()


@pytest.mark.parametrize("name", DRAWS)
def test_noise_of_numpy_and_of_python_is_the_same_in_every_look_too(name, caplog):
    kind = type(f"Of{name.replace(', ', '').replace(' ', '')}", (Noisy,), {})
    kind.forward = lambda self, tokens: Noisy.forward(self, tokens) + DRAWS[name](len(tokens))[:, None]
    if name.endswith("pairs"):
        kind.forward = lambda self, tokens: Noisy.forward(self, tokens) + DRAWS[name](1)
    model = kind()
    DRAWS[name](1)
    before = random_states()[:2]
    first = gl.Snapshot(model, TASK).logits
    assert random_states()[:2] == before  # Python's own moves where types are checked, as in these tests
    DRAWS[name](3)
    assert torch.equal(gl.Snapshot(model, TASK).logits, first)
    if name.startswith("numpy"):
        assert f"A {kind.__name__} draws random numbers" in caplog.records[0].message


def test_random_states_are_put_back_after_an_exception():
    before = random_states()

    def fails():
        with at_rest(nn.Dropout()):
            np.random.randn(3), random.gauss(0, 1), torch.rand(3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert random_states() == before


def test_another_bit_generator_of_numpy_is_left_in_its_place():
    usual = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(3))
    try:
        np.random.rand(2)
        before = repr(np.random.get_state(legacy=False))
        drawn = []
        for _ in range(2):
            with at_rest(nn.Dropout()):
                drawn.append(np.random.rand())
        assert drawn[0] == drawn[1]
        assert repr(np.random.get_state(legacy=False)) == before
    finally:
        np.random.set_bit_generator(usual)


def test_nothing_is_said_without_noise(model, caplog):
    gl.Snapshot(model, TASK).logits  # noqa: B018
    assert not caplog.records


def test_a_hook_without_positions_is_the_answers():
    class Flat(Noisy):
        def forward(self, tokens):
            hidden = self.inner(self.W_E[tokens[:, :2]].flatten(1))
            return self.readout(self.blocks[0]["mlp"]["hook_post"](hidden))

    torch.manual_seed(0)
    flat, deep = Flat(), Noisy()
    deep.load_state_dict(flat.state_dict())
    flat, deep = gl.Snapshot(flat, TASK), gl.Snapshot(deep, TASK)
    assert torch.equal(flat.neurons, deep.neurons)
    assert torch.equal(gl.interventions.ablate(flat, [3]).logits, gl.interventions.ablate(deep, [3]).logits)
    with pytest.raises(BadArgument, match="has no positions"):
        flat.activations("blocks.0.mlp.hook_post", pos=0)
