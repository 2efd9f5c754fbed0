"""Runs stacked, with inputs along the last axis: gradients by finite differences, and the rows' own numbers."""

import pytest
import torch

from groklens.models import Transformer
from groklens.models.fast_pass import entering, folded_forward, stacked_logits
from groklens.models.fast_pass.columns import attend_by_columns, relu_by_columns
from groklens.models.fast_pass.rows import Rows
from groklens.models.loss import cross_entropy_each
from groklens.models.workspace import Workspace
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(5, "add")
SMALL = {"d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 12, "bias": True}


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def test_attention():
    """A position that is looked up, and one that is the same for all inputs."""
    n_runs, n_heads, which = 3, 2, torch.tensor([0, 2, 2, 3, 1])
    index = (which + 4 * torch.arange(n_runs)[:, None]).flatten()
    tables = (drawn(3, 4, 2), drawn(3, 1, 2), drawn(3, 4, 6, seed=1), drawn(3, 1, 6, seed=2))

    def ours(*tables):
        scores, values = ([Rows(first, index), Rows(second)] for first, second in (tables[:2], tables[2:]))
        return attend_by_columns(scores, values, Workspace())

    at = [tables[0][:, which], tables[1].expand(-1, 5, -1), tables[2][:, which], tables[3].expand(-1, 5, -1)]
    pattern = torch.stack(at[:2]).softmax(dim=0)[..., None]
    plain = (pattern * torch.stack(at[2:]).unflatten(-1, (n_heads, -1))).sum(dim=0).flatten(2)
    torch.testing.assert_close(ours(*tables), plain.mT)
    assert torch.autograd.gradcheck(ours, tables)


def test_relu():
    arguments = (drawn(3, 4, 5), drawn(3, 9, 4), drawn(3, 9, 1), drawn(3, 3, 6))
    columns, weight, bias, back = arguments
    both = weight @ columns + bias
    plain = back @ both[:, :6].relu() + both[:, 6:]
    torch.testing.assert_close(relu_by_columns(*arguments, Workspace()), plain)
    assert torch.autograd.gradcheck(lambda *a: relu_by_columns(*a, Workspace()), arguments)


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
def test_a_stack_has_the_numbers_of_its_rows(changes, by_columns):
    """Where the columns do not apply, the rows' own bits."""
    models = [Transformer(**SMALL | changes).build(TASK, seed).double() for seed in range(3)]
    for model in models:
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(
                parameter.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
            )
    order = torch.stack(
        [torch.randperm(25, generator=torch.Generator().manual_seed(s))[:14] for s in range(3)]
    )
    inputs, labels = TASK.inputs[order], TASK.labels[order]
    found, gradients = losses_and_gradients(stacked_logits, models, inputs, labels)
    expected, exact = losses_and_gradients(lambda *a: folded_forward(*a)[0], models, inputs, labels)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    for one, other in zip(gradients, exact, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-14)
    assert torch.equal(found, expected) != by_columns
