"""A run that begins with weights of unknown origin is not said to generalise to inputs that it answered at once."""

from pathlib import Path

import pytest
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.evidence import warm_start

PAIRS = torch.cartesian_prod(torch.arange(11), torch.arange(11))
MOD23 = Path(__file__).parents[2] / "examples" / "runs" / "mod23"
#: Labels drawn at random, which a task of one's own does not know to be.
MINE = gl.TableTask(PAIRS, gl.RandomTable(11, seed=3).labels, name="mine")
SHAPE = gl.MLP(d_mlp=128, d_embed=32)
HALF = MINE.split(0.5, 0)[0]


def trained(model, index, steps, recorder=None, lr=1e-2, task=MINE):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        logits = model(task.inputs[index])[:, -1]
        torch.nn.functional.cross_entropy(logits, task.labels[index]).backward()
        optimizer.step()
        if recorder is not None:
            recorder.step(step)
    return model


def recorded(model, into, index=HALF, steps=20):
    with gl.Recorder(model, MINE, into, keep=gl.Every(10), train_index=index) as recorder:
        trained(model, index, steps, recorder, lr=1e-4)
    return recorder.run


@pytest.fixture(scope="module")
def all_by_heart():
    return trained(SHAPE.build(MINE, 0), slice(None), 200).state_dict()


def with_weights(weights):
    model = SHAPE.build(MINE, 0)
    model.load_state_dict(weights)
    return model


def test_what_was_learned_before_the_recording_is_not_generalising(all_by_heart, tmp_path):
    run = recorded(with_weights(all_by_heart), tmp_path / "run")
    assert warm_start(run, run.final) == 0
    why = gl.explain(run)
    assert why.finding("generalises").value >= 0.99
    assert why.finding("split.losses").verdict != "supported"
    assert "at step 0, the first, where 100 % of test inputs are answered" in why.finding("split.losses").note
    assert ") generalises" not in why.headline
    assert "if the split given is its own: its weights answered them at step 0, the first" in why.headline
    assert why.phases == []


def test_the_same_by_a_fork_and_by_a_fork_of_that(all_by_heart, tmp_path):
    recipe = gl.Recipe(
        task=MINE,
        model=SHAPE,
        optimizer=gl.AdamW(lr=1e-4),
        train_fraction=0.5,
        steps=10,
        evaluate_every=None,
        keep=gl.Steps([0]),
    )
    parent = gl.train(recipe, into=tmp_path / "parent", keep_optimizer=[10])
    fork = gl.fork(parent, 10, tmp_path / "fork", weights=all_by_heart, steps=15, keep_optimizer=[15])
    further = gl.fork(fork, 15, tmp_path / "further", steps=20)
    for run, first in ((fork, 10), (further, 15)):
        assert warm_start(run, run.final) == first
        why = gl.explain(run)
        assert by_key(why.findings)["split.losses"].verdict == "undecided"
        assert (
            "if the weights that it began with had not been trained on them: its weights answered"
            in why.headline
        )
    assert warm_start(parent, parent.final) is None


def test_a_fork_with_another_task_does_not_forget_that_its_parents_parent_was_trained_on_all(tmp_path):
    recipe = gl.Recipe(
        task=MINE,
        model=SHAPE,
        optimizer=gl.AdamW(lr=1e-2),
        train_fraction=1.0,
        steps=200,
        evaluate_every=None,
        keep=gl.Steps([0]),
    )
    whole = gl.train(recipe, into=tmp_path / "whole", keep_optimizer=[200])
    slow = {"optimizer.lr": 1e-3, "train_fraction": 0.5}
    half = gl.fork(whole, 200, tmp_path / "half", steps=260, keep_optimizer=[260], **slow)
    renamed = gl.TableTask(PAIRS, MINE.labels, name="theirs")
    last = gl.fork(half, 260, tmp_path / "last", task=renamed, steps=262)
    why = gl.explain(last)
    assert why.finding("generalises").value >= 0.99
    assert why.finding("split.losses").verdict == "undecided"
    assert ") generalises" not in why.headline


def test_weights_that_were_trained_on_the_same_split_show_it(tmp_path):
    run = gl.load(MOD23)
    model = run.final.model
    with gl.Recorder(model, run.task, tmp_path / "on", train_index=run.train_index) as recorder:
        recorder.step(1)
    why = gl.explain(recorder.run)
    assert warm_start(recorder.run, recorder.run.final) == 0
    assert by_key(why.findings)["split.losses"].verdict == "supported"
    assert ") generalises by a" in why.headline


def test_a_run_from_fresh_weights_begins_with_nothing_known():
    run = gl.load(MOD23)
    assert warm_start(run, run.final) is None
    own = gl.Run.of({k: run.at(k).model for k in run.steps[:2]}, run.task, train_index=run.train_index)
    assert warm_start(own, own.final) is None


SIDES = torch.cartesian_prod(torch.arange(97), torch.arange(97))
#: Two classes on both sides of a line, of which untrained weights tell more than half as often as not.
FIRST_IS_LARGE = gl.TableTask(SIDES, (SIDES[:, 0] > 48).long(), name="the first is large")


@pytest.mark.parametrize("seed", range(8))
def test_weights_that_are_untrained_have_not_known_what_they_answer(seed):
    index, model = FIRST_IS_LARGE.split(0.3, seed)[0], gl.MLP(d_mlp=32, d_embed=16)
    own = {step: model.build(FIRST_IS_LARGE, seed) for step in (0, 1)}
    run = gl.Run.of(own, FIRST_IS_LARGE, train_index=index)
    assert warm_start(run, run.final) is None


def test_of_two_classes_too_it_shows_that_they_were_known_before(tmp_path):
    """Answers by heart of two classes, drawn at random."""
    labels = torch.randint(2, (121,), generator=torch.Generator().manual_seed(0))
    task = gl.TableTask(PAIRS, labels, name="two classes")
    model = trained(SHAPE.build(task, 0), slice(None), 200, task=task)
    run = gl.Run.of({0: model, 1: model}, task, train_index=HALF)
    assert warm_start(run, run.final) == 0
