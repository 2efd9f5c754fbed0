import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.harmonics import fourier_basis
from groklens.hypotheses import circuit_such_as

TASKS = {op: gl.ModularArithmetic(11, op) for op in ("add", "sub", "mul", "div")}


OPERATION = st.sampled_from(sorted(TASKS))
NAMES = st.sets(st.integers(1, 5), min_size=1)


def some_values(task, seed=0):
    return torch.randn(len(task.labels), 3, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=30, deadline=None)
@given(OPERATION, NAMES, st.integers(0, 99))
def test_what_is_kept_and_what_is_removed_make_the_whole(op, names, seed):
    task = TASKS[op]
    circuit, values = gl.Circuit(task.group, sorted(names)), some_values(task, seed)
    kept, left = circuit.project(values, task), circuit.remove(values, task)
    torch.testing.assert_close(kept + left, values.double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(circuit.project(kept, task), kept, rtol=0, atol=1e-12)
    torch.testing.assert_close(circuit.project(left, task), torch.zeros_like(kept), rtol=0, atol=1e-12)
    assert float((kept * left).sum().abs()) < 1e-9


@settings(max_examples=10, deadline=None)
@given(OPERATION, NAMES)
def test_a_circuit_and_its_complement_share_nothing(op, names):
    task = TASKS[op]
    circuit, others = gl.Circuit(task.group, sorted(names)), sorted({1, 2, 3, 4, 5} - names)
    if others:
        other = gl.Circuit(task.group, others)
        shared = other.project(circuit.project(some_values(task), task), task)
        assert float(shared.abs().max()) < 1e-12


def test_projection_is_the_sum_of_products_with_the_published_directions():
    p, task = 11, TASKS["add"]
    values = torch.randn(p * p, 4, generator=torch.Generator().manual_seed(0)).double()
    rows = fourier_basis(p)
    expected = torch.zeros_like(values)
    for k in (2, 5):
        cos, sin = rows[2 * k - 1], rows[2 * k]
        u = (torch.outer(cos, cos) - torch.outer(sin, sin)).flatten() / 2**0.5
        v = (torch.outer(sin, cos) + torch.outer(cos, sin)).flatten() / 2**0.5
        assert float(u.norm()) == pytest.approx(1) == float(v.norm())
        for direction in (u, v):
            expected += torch.outer(direction, direction @ values)
    torch.testing.assert_close(gl.Circuit("C11", [2, 5]).project(values, task), expected, rtol=0, atol=1e-12)


def test_the_order_and_repetition_of_components_mean_nothing():
    assert gl.Circuit("C11", [5, 2, 2]) == gl.Circuit("C11", [2, 5])
    assert gl.Circuit("C11", [5, 2]).components == (2, 5)
    assert hash(gl.Circuit("C11", [5, 2])) == hash(gl.Circuit("C11", [2, 5]))
    assert gl.Circuit("C11", [2]) != gl.Circuit("C13", [2])


def test_size_counts_functions_of_the_answer():
    assert gl.Circuit("C11", [2, 5]).size == 4
    assert gl.Circuit("C12", [2, 6]).size == 3  # the sign of an even group has no sine
    assert gl.Circuit("C12", [1, 2, 3, 4, 5, 6]).is_everything
    assert not gl.Circuit("C12", [1, 2, 3, 4, 5]).is_everything


def test_a_circuit_goes_through_json():
    values = json.loads(json.dumps(gl.Circuit("C11", [5, 2]).to_dict()))
    assert values == {"group": "C11", "components": [2, 5]}
    assert gl.Circuit(**values) == gl.Circuit("C11", [2, 5])


def test_unknown_and_missing_components_are_refused():
    with pytest.raises(UnknownName, match=r"C11 has no component 6; it has 0, 1, 2, 3, 4, 5\."):
        gl.Circuit("C11", [2, 6])
    with pytest.raises(BadArgument, match="at least one component"):
        gl.Circuit("C11", [])
    with pytest.raises(BadArgument, match="not the constant one"):
        gl.Circuit("C11", [0, 2])
    with pytest.raises(BadArgument, match="names no group"):
        gl.Circuit("Z11", [2])


def test_a_group_that_does_not_fit_the_inputs_is_refused():
    for circuit in (gl.Circuit("C7", [2]), gl.Circuit("C13", [3]), gl.Circuit("S4", ["standard"])):
        with pytest.raises(BadArgument, match=r"does not fit a\+b mod 11.*reach 10.*Use a circuit of C11"):
            circuit.symmetry(TASKS["add"])


def test_a_larger_group_is_not_answered_with_a_table_that_lacks_pairs():
    model = gl.MLP(d_mlp=8).build(TASKS["add"], seed=0)
    with pytest.raises(BadArgument, match=r"the group has 13 elements. Use a circuit of C11"):
        gl.examine(gl.Snapshot(model, TASKS["add"]), gl.Circuit("C13", [3]))


def test_a_group_of_the_same_name_is_the_tasks_own():
    task = TASKS["mul"]
    values = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    by_name, by_group = gl.Circuit("C10", [3]), gl.Circuit(task.group, [3])
    assert torch.equal(by_name.project(values, task), by_group.project(values, task))


TEN, FOUR = gl.ModularArithmetic(10), gl.GroupComposition("S4")


@pytest.mark.parametrize(
    ("task", "said"),
    [(TEN, r"gl\.Circuit\('C10', \[1, 2\]\)"), (FOUR, r"gl\.Circuit\('S4', \['")],
    ids=["C10", "S4"],
)
@pytest.mark.parametrize("look", [gl.views.circuit, gl.measures.excluded_loss, gl.hypotheses.as_circuit])
def test_a_circuit_of_the_tasks_own_group_is_proposed(look, task, said):
    model = gl.MLP(d_mlp=8).build(task, seed=0)
    with pytest.raises(BadArgument, match=said):
        look(None, task) if look is gl.hypotheses.as_circuit else look(gl.Snapshot(model, task))


def test_what_is_proposed_is_a_circuit():
    for task in (TEN, FOUR):
        assert eval(circuit_such_as(task)).group.name == task.symmetry.group.name


def test_a_group_without_a_name_to_find_it_by_has_its_components_proposed():
    own = gl.groups.FiniteGroup("mine", gl.groups.group_named("C5").table)
    task = gl.TableTask([[a, b] for a in range(5) for b in range(5)], own.table.flatten().tolist(), own)
    assert circuit_such_as(task).startswith("[")
    assert gl.hypotheses.as_circuit(eval(circuit_such_as(task)), task).group.name == "mine"
