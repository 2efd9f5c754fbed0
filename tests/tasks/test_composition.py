"""Composition in a finite group, as a task."""

import json

import jaxtyping
import pytest
import torch

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, group_named
from groklens.tasks import GroupComposition, ModularArithmetic, task_from_spec


def moved(name, seed=0):
    group = group_named(name)
    order = torch.randperm(group.order, generator=torch.Generator().manual_seed(seed))
    old = order.argsort()
    return FiniteGroup(name, order[group.table[old][:, old]])


def test_shapes_and_answers():
    task = GroupComposition("S4")
    assert task.name == "S4 composition"
    assert (task.d_vocab, task.d_vocab_out, task.n_ctx, task.n_operands) == (25, 24, 3, 2)
    assert task.inputs[25].tolist() == [1, 1, 24]
    assert task.grid == (24, 24)
    assert torch.equal(task.labels, task.symmetry.products)
    assert task.labels[25] == task.group.table[1, 1]
    assert len(task.token_names) == 25
    assert task.token_names[-1] == "="


def test_cyclic_composition_is_modular_addition():
    ours, theirs = GroupComposition("C7"), ModularArithmetic(7, "add")
    assert torch.equal(ours.inputs, theirs.inputs)
    assert torch.equal(ours.labels, theirs.labels)
    assert ours.group == theirs.group
    assert ours.digest == theirs.digest


@pytest.mark.parametrize(
    "group", ["S4", "A5", "D59", "C12", moved("S4"), moved("C6"), group_named("D2").table]
)
def test_survives_json(group):
    task = GroupComposition(group)
    spec = json.loads(json.dumps(task.spec()))
    again = task_from_spec(spec)
    assert again == task
    assert again.group == task.group
    assert torch.equal(again.labels, task.labels)


def test_named_groups_are_stored_by_name_and_others_by_table():
    assert GroupComposition("S5").spec() == {"kind": "GroupComposition", "group": "S5"}
    assert GroupComposition(group_named("S5")).spec()["group"] == "S5"
    assert GroupComposition(moved("S4")).spec()["group"]["name"] == "S4"


def test_a_table_of_the_callers_is_copied():
    table = group_named("D3").table.clone()
    task = GroupComposition(table)
    table[0, 0] = 5
    assert task.labels[0] == 0
    assert task.name == "group of order 6 composition"


def test_splits_like_the_published_code():
    """`torch.manual_seed(seed); randperm(n²)[:int(fraction · n²)]`, as a set."""
    train, test = GroupComposition("A5").split(0.5, seed=1)
    torch.manual_seed(1)
    assert torch.equal(train, torch.randperm(3600)[:1800].sort().values)
    assert len(train) + len(test) == 3600


@pytest.mark.parametrize("group", [5, None, [[0]], torch.zeros(2, 2), torch.tensor([0, 1])])
def test_what_is_no_group_is_refused(group, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    with pytest.raises(BadArgument, match="'S5'"):
        GroupComposition(group)


def test_tables_without_structure_are_refused():
    with pytest.raises(BadArgument, match="not a group"):
        GroupComposition(torch.zeros(3, 3, dtype=torch.long))
    with pytest.raises(BadArgument, match="names no group"):
        GroupComposition("M11")


def test_relabelled_tables_are_refused_by_no_one():
    assert GroupComposition(moved("S4")).group.name == "S4"
    assert GroupComposition(moved("S4")) != GroupComposition("S4")
