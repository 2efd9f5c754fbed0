"""The written-out gradients against finite differences, and against autograd on the formula."""

import pytest
import torch

from groklens.models.fast_pass.blocks import cached_blocks
from groklens.models.fast_pass.relu_loss import relu_losses
from groklens.models.fast_pass.row_kernels import mix, relu_block
from groklens.models.fast_pass.rows import Rows, tokens_at_each_position
from groklens.models.loss import cross_entropy_each
from groklens.models.workspace import Workspace


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("n_runs", [1, 3])
@pytest.mark.parametrize("has_skip", [True, False])
def test_relu_block(n_runs, has_skip):
    n_neurons, n_outputs = 6, 3
    width = n_neurons + n_outputs * has_skip
    arguments = (drawn(n_runs, 5, 4), drawn(n_runs, width, 4), drawn(n_runs, 1, width), drawn(n_runs, 3, 6))

    def plain(rows, weight, bias, back):
        both = rows @ weight.mT + bias
        out = both[..., :n_neurons].relu() @ back.mT
        return out + both[..., n_neurons:] if has_skip else out

    out, neurons = relu_block(*arguments, Workspace())
    torch.testing.assert_close(out, plain(*arguments))
    assert (neurons >= 0).all()
    assert torch.autograd.gradcheck(lambda *a: relu_block(*a, Workspace())[0], arguments)


def of_readout(n_runs, n_inputs=70, n_neurons=16, n_classes=6, width=8):
    """Rows, weights above one another, biases, what neurons write by, and labels; two columns beyond the classes."""
    n_outputs = n_classes + 2
    shapes = (
        (n_runs, n_inputs, width),
        (n_runs, n_neurons + n_outputs, width),
        (n_runs, 1, n_neurons + n_outputs),
        (n_runs, n_outputs, n_neurons),
    )
    labels = torch.arange(n_runs * n_inputs).view(n_runs, n_inputs) % n_classes
    return [drawn(*shape, seed=i) for i, shape in enumerate(shapes)], labels, n_classes


@pytest.mark.parametrize("n_runs", [1, 3])
@pytest.mark.parametrize("budget", [1, 10_000, 2**30])
def test_relu_losses_are_the_two_kernels_in_one(n_runs, budget, monkeypatch):
    """Whatever fits the cache: a tile of inputs, some runs, or all."""
    monkeypatch.setattr("groklens.memory.BUDGETS.step", budget)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    arguments, labels, n_classes = of_readout(n_runs)

    def apart():
        logits = relu_block(*arguments, Workspace())[0][..., :n_classes]
        return cross_entropy_each(logits, labels).mean(dim=-1)

    def at_once():
        return relu_losses(*arguments, labels, n_classes, Workspace())

    weights = torch.arange(1, n_runs + 1)  # what is made of the losses scales the gradients
    found = [(loss(), torch.autograd.grad((weights * loss()).sum(), arguments)) for loss in (apart, at_once)]
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-15)
    with torch.no_grad():
        torch.testing.assert_close(at_once(), found[0][0].detach(), rtol=1e-12, atol=0)


def test_relu_losses_against_finite_differences():
    arguments, labels, n_classes = of_readout(2, n_inputs=3, n_neurons=4, n_classes=2, width=3)
    assert torch.autograd.gradcheck(lambda *a: relu_losses(*a, labels, n_classes, Workspace()), arguments)


def test_blocks_hold_every_run_and_input_once(monkeypatch):
    monkeypatch.setattr("groklens.memory.BUDGETS.step", 1000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    for n_runs, n_inputs in ((1, 5), (7, 5), (2, 200), (3, 33), (1, 65)):
        seen = torch.zeros(n_runs, n_inputs)
        for block in cached_blocks(n_runs, n_inputs, 10, torch.device("cpu")):
            assert seen[block].numel()
            seen[block] += 1
        assert (seen == 1).all()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert len(cached_blocks(7, 200, 10, torch.device("cpu"))) == 1  # each would be waited for


@pytest.mark.parametrize("n_runs", [1, 3])
def test_mix(n_runs):
    """A table that is looked up, one row for all inputs, and one row an input."""
    n_heads, d_head, n_inputs = 2, 3, 5
    pattern = drawn(3, n_runs, n_inputs, n_heads)
    tables = (drawn(n_runs, 4, 6), drawn(n_runs, 1, 6, seed=1), drawn(n_runs, n_inputs, 6, seed=2))
    which = torch.tensor([0, 2, 2, 3, 1])
    index = (which + 4 * torch.arange(n_runs)[:, None]).flatten()

    def ours(pattern, *tables):
        rows = [Rows(tables[0], index), Rows(tables[1]), Rows(tables[2])]
        return mix(pattern, rows, Workspace())

    values = [tables[0][:, which], tables[1].expand(-1, n_inputs, -1), tables[2]]
    by_head = [value.unflatten(2, (n_heads, d_head)) for value in values]
    plain = sum(weight[..., None] * value for weight, value in zip(pattern, by_head, strict=True))
    torch.testing.assert_close(ours(pattern, *tables), plain.flatten(2))
    assert torch.autograd.gradcheck(ours, (pattern, *tables))


@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4)])
def test_cross_entropy(shape):
    logits = drawn(*shape)
    labels = torch.arange(logits[..., 0].numel()).reshape(shape[:-1]) % shape[-1]
    plain = torch.nn.functional.cross_entropy(
        logits.reshape(-1, shape[-1]), labels.flatten(), reduction="none"
    )
    torch.testing.assert_close(cross_entropy_each(logits, labels), plain.reshape(shape[:-1]))
    assert torch.autograd.gradcheck(lambda x: cross_entropy_each(x, labels), (logits,))


def test_rows_that_inputs_share():
    tokens = torch.tensor([[[3, 9], [1, 9], [3, 9]], [[1, 9], [1, 9], [7, 9]]])  # run × input × position
    first, separator = tokens_at_each_position(tokens)
    assert first.tokens.tolist() == [1, 3, 7]  # of either run
    assert separator.index is None
    read = first.rows(first.tokens.double()[None, :, None].expand(2, -1, -1)).each()
    assert torch.equal(read[..., 0], tokens[..., 0].double())


def test_a_workspace_hands_out_the_same_memory_after_start():
    workspace, rows = Workspace(), torch.zeros(1, 5, 2)
    first, second = workspace.like(rows, 3), workspace.like(rows, 3)
    assert first.data_ptr() != second.data_ptr()
    workspace.start()
    assert workspace.like(rows, 3).data_ptr() == first.data_ptr()
    assert workspace.like(rows.double(), 3).dtype == torch.float64  # another step, another shape
