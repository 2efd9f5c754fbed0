"""Skill by skill: planted knowledge of one skill is seen in that one alone."""

import math

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import skill_accuracy, skill_brier, skill_loss
from groklens.tasks import MultitaskParity

TASK = MultitaskParity(skills=3, n=6, k=1, seed=1)


def knowing(skill):
    """A network that answers one skill with certainty, and of the others knows nothing."""
    model = gl.MLP(d_mlp=1, d_embed=None).build(TASK, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.W_in[skill, 1] = 1.0  # the neuron is on where the skill is asked for and its bit set
        model.W_in[int(TASK.subsets[skill]), 1] = 1.0
        model.b_in.fill_(-1.0)
        model.W_U[0] = torch.tensor([-60.0, 60.0])
    return model


def test_one_skill_is_known():
    found = skill_accuracy(gl.Snapshot(knowing(1), TASK))
    assert found.dims == ("skill",)
    assert found["skill"].values.tolist() == [1, 2, 3]
    assert found["frequency"].values.tolist() == TASK.frequencies.tolist()
    assert float(found.sel(skill=2)) == pytest.approx(1, abs=0.6)  # unset: a tie, which the first class wins
    assert float(found.sel(skill=2)) > float(found.sel(skill=1)) + 0.3


def test_chance_is_chance():
    model = gl.MLP(d_mlp=1, d_embed=None).build(TASK, seed=0)
    with torch.no_grad():
        model.W_U.zero_()
    snapshot = gl.Snapshot(model, TASK)
    assert skill_loss(snapshot).values.tolist() == pytest.approx([math.log(2)] * 3)
    assert skill_brier(snapshot).values.tolist() == pytest.approx([0.5] * 3)


def test_they_make_a_table_and_need_skills():
    table = gl.track(gl.Run.of({0: knowing(0), 5: knowing(2)}, TASK), gl.measures.SKILLS)
    assert table["skill_accuracy"].dims == ("step", "skill")
    assert table["skill_loss"].attrs["units"] == "nats"
    with pytest.raises(BadArgument, match="needs a task of several skills"):
        skill_accuracy(gl.Snapshot(knowing(0), gl.tasks.SparseParity(n=9, k=2)))
