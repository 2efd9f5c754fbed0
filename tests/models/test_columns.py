"""Runs stacked, with inputs along the last axis: autograd's gradients of plain formulas, and the rows' own numbers."""

import pytest
import torch

from groklens.models import Transformer
from groklens.models.fast_pass import entering, folded_forward, stacked_pass
from groklens.models.fast_pass.columns import Attention, Neurons
from groklens.models.fast_pass.rows import TokensAt
from groklens.models.loss import cross_entropy_each
from groklens.models.workspace import Workspace
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(5, "add")
SMALL = {"d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 12, "bias": True}


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def same_as_plain(found, gradients, plain, parts):
    """The numbers of a formula written out plainly, and autograd's gradients of it, given `drawn(*shape)` above."""
    torch.testing.assert_close(found, plain)
    expected = torch.autograd.grad(plain, parts, drawn(*plain.shape).detach())
    torch.testing.assert_close(tuple(gradients), expected)


def test_attention():
    """A position that is looked up, an operator's and the query's own, which are the same for all inputs."""
    n_heads, place = 2, torch.tensor([[0, 2, 2, 3, 1], [1, 1, 0, 0, 2], [3, 2, 1, 0, 3]])
    reads = torch.stack([place, torch.full_like(place, 4), torch.full_like(place, 5)], dim=1)
    tables = drawn(3, 2, 6), drawn(3, 6, 6)
    scores, values = (table.mT[torch.arange(3)[:, None, None], reads] for table in tables)
    pattern = scores.softmax(dim=1)[..., None]
    plain = (pattern * values.unflatten(-1, (n_heads, -1))).sum(dim=1).flatten(2).mT
    ours = Attention(*(table.detach() for table in tables), reads, Workspace())
    found = ours.mixed.clone()
    same_as_plain(found, ours.gradients(drawn(*plain.shape).detach()), plain, tables)


def test_relu():
    mixed, into, b_into = drawn(3, 4, 5), drawn(3, 6, 4), drawn(3, 6, 1)
    skip, b_skip, back = drawn(3, 3, 4), drawn(3, 3, 1), drawn(3, 3, 6)
    parts = (mixed, into, b_into, skip, b_skip, back)
    plain = back @ (into @ mixed + b_into).relu() + skip @ mixed + b_skip
    given = [part.detach() for part in parts]
    ours = Neurons(given[0], (given[1], given[2]), (given[3], given[4]), given[5], Workspace())
    of_mixed, of_into, of_skip, of_back = ours.gradients(drawn(*plain.shape).detach())
    same_as_plain(ours.output, (of_mixed, *of_into, *of_skip, of_back), plain, parts)


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


def test_which_token_a_row_is_and_where():
    inputs = entering(torch.tensor([[[3, 0, 1], [2, 0, 1], [3, 0, 1]]]))
    tokens, places = inputs.held  # rows: 2 and 3 at position 0, 0 at position 1, 1 at position 2
    assert tokens.tolist() == [2, 3, 0, 1]
    assert places.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("tokens", "is_such"),
    [
        ([[0, 4], [1, 4]], True),
        ([[0, 4], [0, 4]], False),  # nothing to look up
        ([[0, 4], [1, 3]], False),  # each input asks on its own
    ],
)
def test_read_from_one(tokens, is_such):
    assert entering(torch.tensor([tokens])).is_read_from_one == is_such


def losses_and_gradients(pass_of, models, inputs, labels):
    stacked = {
        alike[0]: torch.stack([p.detach() for p in alike]).requires_grad_()
        for alike in zip(*(model.parameters() for model in models), strict=True)
    }
    logits_of, workspace = pass_of(models[0], stacked.__getitem__), Workspace()
    for _ in range(2):  # the second time into buffers that are there
        for value in stacked.values():
            value.grad = None
        logits = logits_of(entering(inputs), workspace)[..., :5]
        losses = cross_entropy_each(logits, labels, workspace)
        losses.mean(dim=1).sum().backward()
    return losses.detach().clone(), [value.grad for value in stacked.values()]


def by_rows(model, of):
    return lambda inputs, workspace: folded_forward(model, of, inputs, workspace)[0]


@pytest.mark.parametrize(
    ("changes", "by_columns"),
    [
        ({}, True),
        ({"causal": False}, True),
        ({"n_heads": 1, "d_head": 1, "d_mlp": 1}, True),
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
    found, gradients = losses_and_gradients(stacked_pass, models, inputs, labels)
    expected, exact = losses_and_gradients(by_rows, models, inputs, labels)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    for one, other in zip(gradients, exact, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-14)
    assert torch.equal(found, expected) != (by_columns and n_inputs > 1)


def test_a_token_at_the_end_of_the_table_that_nobody_holds():
    models = [Transformer(**SMALL).build(TASK, seed).double() for seed in range(3)]
    inputs, labels = (each[:14].expand(3, *each[:14].shape).clone() for each in (TASK.inputs, TASK.labels))
    inputs[:, :, -1] = 4
    found, gradients = losses_and_gradients(stacked_pass, models, inputs, labels)
    expected, exact = losses_and_gradients(by_rows, models, inputs, labels)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    assert not gradients[0][:, 5].any()  # of the table of tokens
    for one, other in zip(gradients, exact, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("label", [0, 1, 2], ids=["right", "wrong", "very wrong"])
@pytest.mark.parametrize("margin", [0.0, 1.0, 20.0, 60.0, 200.0])
def test_losses_of_stacked_runs_are_as_exact_as_their_logits(label, margin):
    """Far below what float32 tells from 0, and where a probability is 0 in it, values and gradients are right."""
    logits = torch.tensor([margin, 0.25, -margin])[None, :, None] + torch.tensor([0.0, 3.0])
    logits, labels = logits.expand(2, 3, 2).clone().requires_grad_(), torch.full((2, 2), label)
    exact = logits.detach().double().requires_grad_()
    found, expected = (
        cross_entropy_each(each.mT, labels, workspace)
        for each, workspace in ((logits, Workspace()), (exact, None))
    )
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-15)
    (ours,), (plain,) = (
        torch.autograd.grad(losses.sum(), of) for losses, of in ((found, logits), (expected, exact))
    )
    torch.testing.assert_close(ours.double(), plain, rtol=1e-4, atol=1e-15)
