"""How far a run has moved, and which way: exact where weights are made by hand, refused where none can be compared."""

import math

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.measures import Direction, Moved

TASK = gl.ModularArithmetic(7, "add")
SPEC = gl.MLP(d_mlp=8, d_embed=4)


def scaled(factor, seed=0, only=None):
    model = SPEC.build(TASK, seed=seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if only is None or name == only:
                parameter.mul_(factor)
    return model


def column(run, measure):
    return gl.track(run, measure)[measure.__name__].values.tolist()


def test_scaling_moves_by_the_scale_and_keeps_the_direction():
    run = gl.Run.of({0: scaled(1), 5: scaled(3), 9: scaled(-1)}, TASK)
    norm = math.sqrt(gl.measures.sum_squared_weights(run.at(0)))
    assert column(run, Moved()) == pytest.approx([0, 2, 2])
    assert column(run, Moved(relative=False)) == pytest.approx([0, 2 * norm, 2 * norm])
    assert column(run, Moved(since=5)) == pytest.approx([2 / 3, 0, 4 / 3])
    assert column(run, Direction()) == pytest.approx([1, 1, -1])
    assert Moved()(run) == Moved(since=run.at(0))(run.final) == pytest.approx(2)


def test_displacements_go_on_or_come_back():
    there = gl.Run.of({0: scaled(1), 1: scaled(2), 2: scaled(4), 3: scaled(2)}, TASK)
    assert column(there, Direction(against="displacement")) == pytest.approx([0, 0, 1, -1])
    still = gl.Run.of({0: scaled(1), 1: scaled(1), 2: scaled(1)}, TASK)
    assert column(still, Direction(against="displacement")) == [0, 0, 0]


def test_one_weight_can_be_looked_at_alone():
    run = gl.Run.of({0: scaled(1), 5: scaled(3, only="W_E")}, TASK)
    assert column(run, Moved(of="embedding")) == column(run, Moved(of="W_E")) == pytest.approx([0, 2])
    assert column(run, Moved(of="W_U")) == [0, 0]
    assert 0 < column(run, Moved())[1] < 2


def test_independent_weights_are_at_a_right_angle():
    big = gl.MLP(d_mlp=256, d_embed=64)
    run = gl.Run.of({0: big.build(TASK, seed=0), 5: big.build(TASK, seed=1)}, TASK)
    assert abs(column(run, Direction())[1]) < 0.05
    assert column(run, Moved())[1] == pytest.approx(math.sqrt(2), rel=0.05)


def test_a_snapshot_may_be_the_reference():
    first, last = gl.Snapshot(scaled(1), TASK), gl.Snapshot(scaled(3), TASK)
    assert Moved(since=first)(last) == pytest.approx(2)
    assert Moved(since=first) == Moved(since=first) != Moved(since=last)
    assert Moved(since=100, of="W_E").__name__ == "moved_since_100_of_W_E"


def test_what_cannot_be_compared_is_refused():
    other = gl.MLP(d_mlp=9, d_embed=4).build(TASK, seed=0)
    with pytest.raises(BadArgument, match="cannot be compared"):
        Moved(since=gl.Snapshot(other, TASK))(gl.Snapshot(scaled(1), TASK))
    with pytest.raises(BadArgument, match=r"gl\.track"):
        Moved()(gl.Snapshot(scaled(1), TASK))
    with pytest.raises(BadArgument, match="no weights 'W_X'"):
        Moved(since=gl.Snapshot(scaled(1), TASK), of="W_X")(gl.Snapshot(scaled(1), TASK))
    with pytest.raises(BadArgument, match="relative=False"):
        Moved(since=gl.Snapshot(scaled(0), TASK))(gl.Snapshot(scaled(1), TASK))
    with pytest.raises(BadArgument, match="since"):
        Moved(since="0")
    with pytest.raises(BadArgument, match="against"):
        Direction(against="noise")
    with pytest.raises(UnknownName, match="no step 3"):
        gl.track(gl.Run.of({0: scaled(1), 5: scaled(3)}, TASK), Moved(since=3))
