import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.harmonics import neuron_components

OPERATIONS = ("add", "sub", "mul", "div")


@pytest.mark.parametrize("op", OPERATIONS)
def test_a_clock_is_right_everywhere(op):
    task = gl.ModularArithmetic(13, op)
    snapshot = gl.Snapshot(gl.planted(task, [1, 5]), task)
    assert torch.equal(snapshot.logits.argmax(dim=1), task.labels)


@pytest.mark.parametrize("op", OPERATIONS)
def test_each_neuron_of_a_clock_computes_with_one_component(op):
    task = gl.ModularArithmetic(13, op)
    names, explained, _ = neuron_components(
        gl.Snapshot(gl.planted(task, [2, 5]), task).neurons, task.symmetry
    )
    assert names == [2] * 4 + [5] * 4
    assert explained.min() > 1 - 1e-6


def test_a_clock_has_one_row_a_token_and_two_waves_a_frequency():
    task = gl.ModularArithmetic(13, "add")
    model = gl.planted(task, [2, 5, 6])
    assert model.W_E.shape == (task.d_vocab, 6)
    assert not model.W_E[13].any()  # nothing of the "="


def test_logits_of_a_clock_are_its_characters_of_the_quotient():
    task = gl.ModularArithmetic(11, "sub")
    logits = gl.Snapshot(gl.planted(task, [2, 3]), task).logits.double()
    a, b = task.inputs[:, 0, None], task.inputs[:, 1, None]
    delta = (a - b - torch.arange(11)).double()
    waves = sum(torch.cos(2 * torch.pi * k * delta / 11) for k in (2, 3))
    torch.testing.assert_close(logits, waves * (logits.max() / 2), rtol=0, atol=1e-4)


def test_the_largest_logit_is_the_stated_one():
    from groklens.hypotheses.planted import LOGIT_SCALE

    task = gl.ModularArithmetic(11, "add")
    for model in (gl.planted(task, [1, 4]), gl.planted(task, algorithm="lookup")):
        assert float(gl.Snapshot(model, task).logits.max()) == pytest.approx(LOGIT_SCALE, rel=1e-5)


def test_a_clock_works_for_a_table_with_a_group_in_any_order_of_rows():
    add = gl.ModularArithmetic(13, "add")
    order = torch.randperm(169, generator=torch.Generator().manual_seed(3))
    task = gl.TableTask(add.inputs[order][:, :2], add.labels[order], group="C13")
    snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task)
    assert torch.equal(snapshot.logits.argmax(dim=1), task.labels)
    assert gl.find_circuit(snapshot) == gl.Circuit("C13", [2, 5])


@pytest.mark.parametrize(
    "task", [gl.RandomTable(7, seed=2), gl.ModularArithmetic(7, "a^3+ab"), gl.ModularArithmetic(7, "div")]
)
def test_a_lookup_is_right_on_every_table_with_one_neuron_a_cell(task):
    snapshot = gl.Snapshot(gl.planted(task, algorithm="lookup"), task)
    assert torch.equal(snapshot.logits.argmax(dim=1), task.labels)
    assert torch.equal(snapshot.neurons, torch.eye(len(task.labels)))


def test_planting_draws_nothing_from_the_global_generator():
    task = gl.ModularArithmetic(7, "add")
    before = torch.get_rng_state()
    gl.planted(task, [1])
    gl.planted(task, algorithm="lookup")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2,), "sundial"), "'clock'"),
        (((), "clock"), "at least one component"),
        (((0,), "clock"), "not the constant one"),
    ],
)
def test_bad_arguments_say_what_to_do(arguments, message):
    with pytest.raises(BadArgument, match=message):
        gl.planted(gl.ModularArithmetic(7, "add"), *arguments)


def test_unknown_components_and_tasks_without_a_group_are_refused():
    with pytest.raises(UnknownName, match="C7 has no component 4"):
        gl.planted(gl.ModularArithmetic(7, "add"), [4])
    with pytest.raises(BadArgument, match="plant a 'lookup' instead"):
        gl.planted(gl.RandomTable(7), [1])
    with pytest.raises(BadArgument, match="agree in their first 2 tokens"):
        gl.planted(gl.TableTask([[0, 1, 0], [0, 1, 1]], [0, 1]), algorithm="lookup")
