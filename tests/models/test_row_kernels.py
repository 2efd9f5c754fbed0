"""The written-out gradients against finite differences, and against autograd on the formula."""

import pytest
import torch

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
