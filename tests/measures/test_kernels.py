"""The tangent kernel over training: exact for linear and homogeneous networks, and without a trace on the model."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import KernelAlignment, KernelMoved
from groklens.measures.kernels import alignment, chosen

TASK = gl.ModularArithmetic(7, "add")


def relu(factor=1.0, seed=0):
    model = gl.MLP(d_mlp=32, d_embed=None, bias=False).build(TASK, seed=seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(factor)
    return model


class Linear(torch.nn.Module):
    """One-hots of both operands into the logits: its kernel does not depend on its weights."""

    def __init__(self, seed):
        super().__init__()
        self.table = torch.nn.Embedding(8, 7)
        torch.nn.init.normal_(self.table.weight, generator=torch.Generator().manual_seed(seed))

    def forward(self, tokens):
        return self.table(tokens[:, 0]) - self.table(tokens[:, 1])


def moved(first, last, **parameters):
    measure = KernelMoved(**parameters)
    table = gl.track(gl.Run.of({0: first, 9: last}, TASK), measure)
    return table[measure.__name__].values.tolist()


def test_a_linear_network_keeps_its_kernel():
    assert moved(gl.hooked(Linear(0)), gl.hooked(Linear(1))) == pytest.approx([0, 0], abs=1e-12)


def test_a_kernel_grows_with_the_square_of_the_weights():
    # Two layers of weights: f is of degree two in them, the gradient of degree one, the kernel of degree two.
    assert moved(relu(), relu(2.0)) == pytest.approx([0, 3], rel=1e-5)
    assert moved(relu(), relu(0.5)) == pytest.approx([0, 0.75], rel=1e-5)


def test_alignment_does_not_know_the_size_of_the_kernel():
    one, two = (KernelAlignment()(gl.Snapshot(relu(factor), TASK)) for factor in (1.0, 3.0))
    assert one == pytest.approx(two, rel=1e-5)
    assert 0 < one < 1


def test_alignment_is_the_formula_for_one_output():
    y = torch.tensor([1, 0, 0, 1, 1, 0])
    values = torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    kernel, signs = values @ values.T, 2.0 * y.double() - 1
    assert alignment(kernel, y) == pytest.approx(
        float(signs @ kernel @ signs / kernel.norm() / signs.square().sum())
    )
    assert alignment(signs[:, None] * signs, y) == pytest.approx(1)
    assert alignment(kernel, torch.zeros(6).long()) == 0


def test_more_sums_come_near_to_all_classes():
    snapshot = gl.Snapshot(relu(), TASK)
    rows = chosen(TASK, 8, 0)
    exact = gl.theory.neural_tangent_kernel(snapshot.model, TASK.inputs[rows])
    expected = alignment(exact, TASK.labels[rows])
    assert KernelAlignment(inputs=8, outputs=400)(snapshot) == pytest.approx(expected, rel=0.05)


def test_inputs_share_their_answers():
    rows = chosen(TASK, 16, seed=3)
    assert len(rows) == len(rows.unique()) == 16
    assert TASK.labels[rows].bincount().tolist().count(4) == 4
    assert torch.equal(rows, chosen(TASK, 16, seed=3))
    assert not torch.equal(rows, chosen(TASK, 16, seed=4))
    assert len(chosen(TASK, 1000, 0).unique()) == 49


def test_it_leaves_no_trace():
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=16).build(TASK, seed=0).train()
    state, random = {n: v.clone() for n, v in model.state_dict().items()}, torch.get_rng_state()
    assert KernelAlignment(inputs=9, outputs=2)(gl.Snapshot(model, TASK)) > 0
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    assert torch.equal(torch.get_rng_state(), random)


def test_what_has_no_tangents_is_refused():
    frozen = relu()
    for parameter in frozen.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(BadArgument, match="no tangents"):
        KernelAlignment()(gl.Snapshot(frozen, TASK))
    with pytest.raises(BadArgument, match="inputs"):
        KernelMoved(inputs=0)
