"""Pruning by IPR finds the planted memorising neurons, and nothing where there are none."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.interventions.prune import _verdict

TASK = gl.Corrupted(gl.ModularArithmetic(13, "add"), 0.1, seed=2)
TRAIN, _ = TASK.split(0.7, 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    recipe = gl.Recipe(
        task=TASK,
        train_fraction=0.7,
        model=gl.MLP(d_mlp=48, d_embed=None, act_fn="quadratic", bias=False),
        optimizer=gl.AdamW(lr=1e-2, weight_decay=0.1),
        loss="mse",
        steps=200,
        evaluate_every=None,
        keep=gl.Steps([200]),
    )
    return gl.train(recipe, into=tmp_path_factory.mktemp("prune") / "run").final


def test_pruned_neurons_are_zero_and_the_others_as_they_were(trained):
    pruned = gl.interventions.prune(trained, [3, 5])
    assert (pruned.neurons[:, [3, 5]] == 0).all()
    rest = [i for i in range(48) if i not in (3, 5)]
    assert torch.allclose(pruned.neurons[:, rest], trained.neurons[:, rest])
    by_hand = trained.neurons.clone()
    by_hand[:, [3, 5]] = 0
    weights = trained.weights
    assert torch.allclose(pruned.logits, by_hand @ weights["W_U"] + weights["b_U"], atol=1e-5)
    assert torch.equal(gl.interventions.prune(trained, []).logits, trained.logits)


def test_neurons_are_ordered_by_ipr(trained):
    each = torch.as_tensor(gl.measures.neuron_ipr(trained).values)
    order = gl.interventions.by_ipr(trained)
    assert (each[order].diff() >= 0).all()
    assert float(each.mean()) == pytest.approx(gl.measures.ipr(trained))


def test_one_component_has_ipr_one_and_noise_little(trained):
    planted = gl.Snapshot(gl.planted(TASK.task, [3], "clock"), TASK.task)
    assert float(gl.measures.neuron_ipr(planted).min()) > 0.99
    blank = gl.MLP(d_mlp=48, d_embed=None).build(TASK, seed=0)
    assert float(gl.measures.neuron_ipr(gl.Snapshot(blank, TASK)).mean()) < 0.45


def test_the_finding_has_its_random_control(trained):
    finding = gl.interventions.memorising_neurons(trained, 0.5)
    random = finding.control("random_neurons")
    assert random.draws == 20
    assert random.low <= random.mean <= random.high
    again = gl.interventions.memorising_neurons(trained, 0.5)
    assert again == finding


@pytest.mark.parametrize(
    ("whole", "lowest", "highest", "random", "verdict"),
    [
        ((1.0, 1.0), (0.05, 1.0), (0.9, 0.3), [(0.5, 0.8), (0.6, 0.9)], "supported"),
        ((1.0, 1.0), (0.55, 1.0), (0.9, 0.3), [(0.5, 0.8), (0.6, 0.9)], "refuted"),  # no better than random
        ((1.0, 1.0), (0.05, 0.7), (0.9, 0.3), [(0.5, 0.8), (0.6, 0.9)], "refuted"),  # takes the answer along
        (
            (1.0, 1.0),
            (0.45, 1.0),
            (0.9, 0.3),
            [(0.5, 0.8), (0.6, 0.9)],
            "undecided",
        ),  # by less than the margin
        ((1.0, 1.0), (0.05, 0.85), (0.9, 0.3), [(0.5, 0.8), (0.6, 0.9)], "undecided"),
        ((0.0, 1.0), (0.0, 1.0), (0.0, 0.3), [(0.0, 0.8)], "undecided"),  # nothing was memorised
        ((0.1, 1.0), (0.083, 1.0), (0.0, 0.3), [(0.054, 0.8)], "undecided"),  # and that comes first
    ],
)
def test_the_verdict_can_be_each(whole, lowest, highest, random, verdict):
    assert _verdict(whole, lowest, highest, random) == verdict


def test_what_cannot_be_pruned_is_refused(trained):
    with pytest.raises(BadArgument, match="48, numbered from 0"):
        gl.interventions.prune(trained, [48])
    with pytest.raises(BadArgument, match="share"):
        gl.interventions.memorising_neurons(trained, 1.0)
    clean = gl.Snapshot(trained.model, TASK.task, train_index=TRAIN)
    with pytest.raises(BadArgument, match="Corrupted"):
        gl.interventions.memorising_neurons(clean, 0.5)
