"""Tasks so small that little is left to explain: each is explained and drawn to the end, or refused by name."""

import re

import pytest

import groklens as gl
from groklens.errors import BadArgument

SMALL = [
    *(gl.ModularArithmetic(p, op) for p in (2, 3) for op in ("add", "sub")),
    *(gl.ModularArithmetic(3, op) for op in ("mul", "div")),
    gl.ModularArithmetic(2, "a^2+b"),
    gl.ModularArithmetic(2, "div_or_sub"),
    *(gl.GroupComposition(group) for group in ("C2", "D2", "S3")),
    gl.RandomTable(2),
    gl.TableTask([[0, 0]], [0], name="one input"),
    gl.TableTask([[0], [1]], [0, 1], name="one operand"),
    gl.Corrupted(gl.ModularArithmetic(3, "add"), 1.0),
]


@pytest.mark.parametrize("task", SMALL, ids=lambda task: task.name)
@pytest.mark.parametrize("train_index", [None, [0]], ids=["split unknown", "one trained on"])
def test_a_small_task_is_explained_to_the_end(task, train_index):
    model = gl.planted(task, algorithm="lookup")
    why = gl.explain(gl.Snapshot(model, task, train_index=train_index))
    assert why.circuit is None
    assert why.verdict in ("undecided", "refuted")
    assert why.task in str(why)
    assert "<html" in why.to_html()


@pytest.mark.parametrize(
    "make",
    [
        lambda: gl.ModularArithmetic(2, "mul"),
        lambda: gl.ModularArithmetic(2, "div"),
        lambda: gl.GroupComposition("C1"),
        lambda: gl.GroupComposition([[0]]),
        lambda: gl.TableTask([[0, 0]], [0], group="C1"),
    ],
)
def test_nothing_to_learn_is_refused_when_the_task_is_made(make):
    with pytest.raises(BadArgument) as caught:
        make()
    assert re.search(r"nothing to learn; use .*such as", str(caught.value))
