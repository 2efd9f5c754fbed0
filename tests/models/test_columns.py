"""Runs stacked, with inputs along the last axis: gradients by finite differences, and the rows' own numbers."""

import pytest
import torch

from groklens.models import Transformer
from groklens.models.fast_pass import entering, folded_forward, stacked_logits
from groklens.models.fast_pass.columns import attend_by_columns, relu_by_columns
from groklens.models.fast_pass.rows import TokensAt
from groklens.models.loss import cross_entropy_each
from groklens.models.workspace import Workspace
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(5, "add")
SMALL = {"d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 12, "bias": True}


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def test_attention():
    """A position that is looked up, an operator's and the query's own, which are the same for all inputs."""
    n_heads, place = 2, torch.tensor([[0, 2, 2, 3, 1], [1, 1, 0, 0, 2], [3, 2, 1, 0, 3]])
    reads = torch.stack([place, torch.full_like(place, 4), torch.full_like(place, 5)], dim=1)
    tables = drawn(3, 6, 2), drawn(3, 6, 6)

    def ours(scores, values):
        return attend_by_columns(scores, values, reads, Workspace())

    scores, values = (table[torch.arange(3)[:, None, None], reads] for table in tables)
    pattern = scores.softmax(dim=1)[..., None]
    plain = (pattern * values.unflatten(-1, (n_heads, -1))).sum(dim=1).flatten(2)
    torch.testing.assert_close(ours(*tables), plain.mT)
    assert torch.autograd.gradcheck(ours, tables)


def test_relu():
    mixed, into, b_into = drawn(3, 4, 5), drawn(3, 6, 4), drawn(3, 6, 1)
    skip, b_skip, back = drawn(3, 3, 4), drawn(3, 3, 1), drawn(3, 3, 6)
    parts = (mixed, into, b_into, skip, b_skip, back)

    def ours(mixed, into, b_into, skip, b_skip, back):
        return relu_by_columns(mixed, (into, b_into), (skip, b_skip), back, Workspace())

    plain = back @ (into @ mixed + b_into).relu() + skip @ mixed + b_skip
    torch.testing.assert_close(ours(*parts), plain)
    assert torch.autograd.gradcheck(ours, parts)


@pytest.mark.parametrize("tokens", [[0, 1, 2], [2, 3], [4], [0, 2, 3], [1, 4]])
def test_the_rows_of_tokens_that_are_there(tokens):
    """Those that follow each other are a part of the table, others are looked up; both have the same gradients."""
    table = drawn(2, 6, 3)
    at = TokensAt(torch.tensor(tokens), None)
    assert torch.equal(at.of(table), table[:, tokens])
    weights = drawn(2, len(tokens), 3, seed=1)
    ours, plain = (
        torch.autograd.grad((rows * weights).sum(), table) for rows in (at.of(table), table[:, tokens])
    )
    assert torch.equal(*ours, *plain)


@pytest.mark.parametrize("tokens", [[4, 5, 6], [6], [7, 8]])
def test_tokens_that_a_table_does_not_hold(tokens):
    with pytest.raises(IndexError):
        TokensAt(torch.tensor(tokens), None).of(drawn(2, 6, 3))


def test_what_is_read_where():
    first, operator, last = entering(torch.tensor([[[3, 7, 1], [5, 7, 1], [3, 7, 1]]]))
    assert [at.tokens.tolist() for at in (first, operator, last)] == [[3, 5], [7], [1]]
    reads = entering(torch.tensor([[[3, 7, 1], [5, 7, 1], [3, 7, 1]]])).reads
    assert reads.tolist() == [[[0, 1, 0], [2, 2, 2], [3, 3, 3]]]


def losses_and_gradients(logits_of, models, inputs, labels):
    stacked = {
        alike[0]: torch.stack([p.detach() for p in alike]).requires_grad_()
        for alike in zip(*(model.parameters() for model in models), strict=True)
    }
    workspace = Workspace()
    for _ in range(2):  # the second time into buffers that are there
        for value in stacked.values():
            value.grad = None
        logits = logits_of(models[0], stacked.__getitem__, entering(inputs), workspace)[..., :5]
        losses = cross_entropy_each(logits, labels, workspace)
        losses.mean(dim=1).sum().backward()
    return losses.detach().clone(), [value.grad for value in stacked.values()]


@pytest.mark.parametrize(
    ("changes", "by_columns"),
    [
        ({}, True),
        ({"causal": False}, True),
        ({"normalization": "LN"}, False),
        ({"act_fn": "gelu"}, False),
        ({"d_mlp": None}, False),
        ({"n_layers": 2}, False),
    ],
)
@pytest.mark.parametrize("n_inputs", [14, 1])
def test_a_stack_has_the_numbers_of_its_rows(changes, by_columns, n_inputs):
    """Where the columns do not apply, the rows' own bits."""
    models = [Transformer(**SMALL | changes).build(TASK, seed).double() for seed in range(3)]
    for model in models:
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(
                parameter.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
            )
    order = torch.stack(
        [torch.randperm(25, generator=torch.Generator().manual_seed(s))[:n_inputs] for s in range(3)]
    )
    if n_inputs == 1:  # and in every run the same
        order[:] = 7
    inputs, labels = TASK.inputs[order], TASK.labels[order]
    found, gradients = losses_and_gradients(stacked_logits, models, inputs, labels)
    expected, exact = losses_and_gradients(lambda *a: folded_forward(*a)[0], models, inputs, labels)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    for one, other in zip(gradients, exact, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-14)
    assert torch.equal(found, expected) != (by_columns and n_inputs > 1)
