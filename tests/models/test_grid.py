"""The quick pass by tables over a grid of operands, against the plain model and against the quick pass without it."""

from unittest.mock import patch

import pytest
import torch
from tests.models.test_engine import build

from groklens.models import run_logits
from groklens.models.fast_pass import folded, layer, quick_forward
from groklens.models.fast_pass.grid import grid_of
from groklens.models.fast_pass.rows import tokens_at_each_position
from groklens.tasks import ModularArithmetic, TableTask

TASK = ModularArithmetic(7, "add")
BY_GRID = [
    "one layer",
    "one head",
    "biases of the MLP",
    "gelu",
    "solu",
    "no MLP, one layer",
    "not causal, one layer",
]


@torch.no_grad()
def both_ways(model, tokens):
    by_grid = quick_forward(model, tokens, 7)
    with patch.object(folded, "grid_of", lambda tokens_at: None):
        return by_grid, quick_forward(model, tokens, 7)


def asked(model, tokens):
    """How often the tables of a grid are used."""
    with patch.object(layer, "grid_pass", wraps=layer.grid_pass) as used, torch.no_grad():
        quick_forward(model, tokens, 7)
    return used.call_count


@pytest.mark.parametrize("variant", BY_GRID)
def test_logits_and_neurons_of_a_grid_are_those_of_each_input(variant):
    model = build(variant)
    assert asked(model, TASK.inputs) == 1
    (logits, neurons), (of_each, neurons_of_each) = both_ways(model, TASK.inputs)
    torch.testing.assert_close(logits, of_each, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits, run_logits(model, TASK.inputs, 7), rtol=1e-5, atol=1e-5)
    assert (neurons is None) == (variant == "no MLP, one layer")
    if neurons is not None:
        torch.testing.assert_close(neurons, neurons_of_each, rtol=1e-5, atol=1e-5)


def test_in_float64_they_differ_by_its_rounding():
    model = build("one layer").double()
    for mine, theirs in zip(*both_ways(model, TASK.inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [slice(0, 7), slice(3, 40), slice(5, 49), slice(30, 49), slice(0, 14)])
def test_any_block_of_a_grid_will_do(rows):
    model, whole = build("one layer"), TASK.inputs
    with torch.no_grad():
        logits, neurons = quick_forward(model, whole[rows], 7)
    expected = both_ways(model, whole)[1]
    torch.testing.assert_close(logits, expected[0][rows], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(neurons, expected[1][rows], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "inputs",
    [
        TASK.inputs.flip(0),
        TASK.inputs[::2],
        TASK.inputs[torch.randperm(49)],
        TASK.inputs[[0, 1, 9]],
        TASK.inputs[:5],
    ],
    ids=["backwards", "every other", "shuffled", "three", "part of a row"],
)
def test_inputs_in_another_order_go_the_other_way(inputs):
    model = build("one layer")
    assert asked(model, inputs) == 0
    with torch.no_grad():
        found = quick_forward(model, inputs, 7)[0]
    torch.testing.assert_close(found, run_logits(model, inputs, 7), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("variant", ["two layers", "LN", "three layers"])
def test_other_models_go_the_other_way(variant):
    assert asked(build(variant), TASK.inputs) == 0


def test_so_do_gradients():
    with patch.object(layer, "grid_pass", wraps=layer.grid_pass) as used:
        logits, _ = quick_forward(build("one layer"), TASK.inputs, 7)
    assert used.call_count == 0
    assert logits.requires_grad


def test_tokens_may_be_any_and_more_positions_may_be_the_same():
    x, y = torch.meshgrid(torch.tensor([5, 0, 3]), torch.tensor([6, 1, 2, 4]), indexing="ij")
    same = torch.full_like(x, 6)
    inputs = torch.stack([same, x.sort(0).values, same, y.sort(1).values, same], dim=2).flatten(0, 1)
    task = TableTask(inputs, torch.arange(12) % 7, d_vocab=7, d_vocab_out=7)
    model = build("one layer", task)
    assert grid_of(tokens_at_each_position(inputs[None])) is not None
    (logits, _), (of_each, _) = both_ways(model, inputs)
    torch.testing.assert_close(logits, of_each, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits, run_logits(model, inputs, 7), rtol=1e-5, atol=1e-5)
