"""A user's own table."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup
from groklens.groups.finite_group import cyclic
from groklens.integers import integers
from groklens.tasks import ModularArithmetic, RandomTable, TableTask, Task, check_task, task_from_spec

TABLES = st.integers(1, 3).flatmap(
    lambda n_pos: st.lists(
        st.tuples(st.lists(st.integers(0, 9), min_size=n_pos, max_size=n_pos), st.integers(0, 9)),
        min_size=1,
        max_size=20,
    )
)


@settings(max_examples=60, deadline=None)
@given(rows=TABLES)
def test_spec_round_trip(rows):
    inputs, labels = [row[0] for row in rows], [row[1] for row in rows]
    task = TableTask(inputs, labels, name="mine")
    assert task.inputs.tolist() == inputs
    assert task.labels.tolist() == labels
    assert task_from_spec(task.spec()) == task
    assert task.d_vocab == max(map(max, inputs)) + 1
    assert task.d_vocab_out == max(labels) + 1


def test_a_group_travels_with_its_table():
    order = torch.tensor([2, 0, 1, 4, 3])
    back = order.argsort()
    group = FiniteGroup("mine", order[cyclic(5).table[back][:, back]])
    grid = torch.cartesian_prod(torch.arange(5), torch.arange(5))
    task = TableTask(grid, group.table.flatten(), group=group)
    again = task_from_spec(task.spec())
    assert again.group == group
    assert again.follows_group


def test_labels_need_not_follow_the_group_but_it_is_known():
    task = ModularArithmetic(5, "add")
    assert TableTask(task.inputs, task.labels, group="C5").follows_group
    null = RandomTable(5, seed=0)
    assert not TableTask(null.inputs, null.labels, group="C5").follows_group
    assert not TableTask(null.inputs, null.labels).follows_group


def test_the_caller_may_change_their_tensor_afterwards():
    inputs, labels = torch.tensor([[0, 1], [1, 0]]), torch.tensor([1, 0])
    task = TableTask(inputs, labels)
    inputs[0, 0], labels[0] = 7, 7
    assert task.inputs.tolist() == [[0, 1], [1, 0]]
    assert task.labels.tolist() == [1, 0]


def test_a_table_with_large_tokens_has_no_grid_and_costs_nothing():
    task = TableTask([[50_000, 3], [2, 60_000]], [0, 1])
    assert task.grid is None


@settings(max_examples=20, deadline=None)
@given(sizes=st.tuples(st.integers(1, 5), st.integers(1, 5)), seed=st.integers(0, 50))
def test_only_a_whole_grid_in_order_is_a_grid(sizes, seed):
    rows = torch.cartesian_prod(*[torch.arange(size) for size in sizes])
    labels = torch.zeros(len(rows), dtype=torch.long)
    assert TableTask(rows, labels).grid == sizes
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    shuffled = TableTask(rows[order], labels).grid
    assert shuffled == (sizes if torch.equal(rows[order], rows) else None)


@pytest.mark.parametrize(
    ("inputs", "labels", "more", "advice"),
    [
        ([[0, 1], [1]], [0, 1], {}, "the same number of integers"),
        ([[0, 1], [1, 0]], [0], {}, "one label an input"),
        ([[0, -1]], [0], {}, "from 0 on"),
        ([[0, 1]], [-1], {}, "from 0 on"),
        ([[0, 7]], [0], {"group": "C5"}, "0 to 4"),
        ([[0]], [0], {"group": "C5"}, "first two positions"),
        ([[0, 3]], [0], {"d_vocab": 3}, "at least 4"),
        ([[0, 3]], [5], {"d_vocab_out": 2}, "at least 6"),
        ([[0, 1]], [0], {"group": "E8"}, "C113"),
    ],
)
def test_bad_tables_say_what_fits(inputs, labels, more, advice):
    with pytest.raises(BadArgument, match=advice):
        TableTask(inputs, labels, **more)


def test_half_a_label_is_no_label():
    with pytest.raises(BadArgument, match="whole numbers"):
        integers(
            "labels", [0, 0.5], 1, "[1, 0]"
        )  # the type check of these tests would stop TableTask before it looked
    assert integers("labels", [0.0, 3.0], 1, "[1, 0]").tolist() == [0, 3]


@pytest.mark.parametrize(
    ("spec", "advice"),
    [
        ({"kind": "Weather"}, "knows"),
        ({"kind": "RandomTable", "n": 5, "colour": "red"}, "does not take"),
        ({"p": 5}, "knows"),
    ],
)
def test_specs_of_no_task(spec, advice):
    with pytest.raises(BadArgument, match=advice):
        task_from_spec(spec)


@pytest.mark.parametrize(
    "task", [ModularArithmetic(7, "mul"), RandomTable(6), TableTask([[0, 1]], [1])], ids=lambda t: t.name
)
def test_tasks_describe_themselves(task: Task):
    assert type(task).__name__ in repr(task)
    assert task.n_ctx == task.inputs.shape[1]
    assert hash(task) == hash(task_from_spec(task.spec()))


def test_what_is_no_task_is_answered_with_the_three_ways_to_one():
    with pytest.raises(BadArgument, match=r"gl\.ModularArithmetic.*gl\.TableTask.*derives from gl\.Task\."):
        check_task("mod 113")
