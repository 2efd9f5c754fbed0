"""A parity of many bits at chance: weights that move at a flat loss are no progress, and no measure says they are."""

import math

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.measures import HIDDEN_PROGRESS, KernelMoved
from groklens.tasks import SparseParity

TASK = SparseParity(n=60, k=5, seed=0)
STEPS = (0, 1000, 2000, 4000)
#: The kernel on fewer inputs.
MEASURES = [
    KernelMoved(inputs=24, outputs=1, by_answer=False) if isinstance(each, KernelMoved) else each
    for each in HIDDEN_PROGRESS
]


def wandered(step):
    """A network that has walked at random for so many steps, all bits alike; its answers are near even."""
    model, generator = gl.MLP(d_mlp=256, d_embed=None).build(TASK, seed=0), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter += 2e-3 * math.sqrt(step) * noise * parameter.std().nan_to_num(0.0)
        model.W_U.mul_(1e-3)
    return model


@pytest.fixture(scope="module")
def run():
    return gl.Run.of({step: wandered(step) for step in STEPS}, TASK, name="chance")


@pytest.fixture(scope="module")
def table(run):
    return gl.track(run, [*MEASURES, "loss"], progress=False)


def test_loss_is_flat_and_weights_move(table):
    assert table["loss"].values == pytest.approx(math.log(2), abs=0.001)
    moved = table["largest_move"].values
    assert moved[0] == 0
    assert (np.diff(moved) > 0).all()
    assert table[MEASURES[1].__name__].values[-1] > 0


def test_nothing_hidden_progresses(table):
    """What needs the bits stays where a random network is, however far the answer-free measures have gone."""
    assert table["support_move"].values == pytest.approx(0.5, abs=0.04)
    assert table["support_weight"].values == pytest.approx(0.5, abs=0.04)
    assert (table["fourier_gap"] < 0).all()
    learned = gl.Snapshot(gl.planted(TASK, TASK.hidden, "parity"), TASK)
    assert gl.measures.support_weight(learned) == 1
    assert gl.measures.fourier_gap(learned) > 0.9


def test_it_is_not_said_to_have_learned_or_memorised(run):
    why = gl.explain(run, progress=False)
    assert not why.generalised
    assert why.algorithm == "none"
    assert why.phases == []
    assert why.finding("generalises").verdict == "refuted"


def test_the_parity_is_not_found_in_it_and_is_where_it_is_planted(run):
    parity = gl.hypotheses.Parity(TASK.hidden)
    verdicts = {finding.verdict for finding in gl.examine(run.final, parity)}
    assert "supported" not in verdicts
    planted = gl.Snapshot(gl.planted(TASK, TASK.hidden, "parity"), TASK)
    assert "supported" in {finding.verdict for finding in gl.examine(planted, parity)}
