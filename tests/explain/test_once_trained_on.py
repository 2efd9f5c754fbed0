"""A fork on fewer inputs is not said to generalise to those that its parent was trained on."""

from dataclasses import replace

import pytest

import groklens as gl
from groklens.explain.goes_on_from import trained_on_until

RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(11, "add"),
    model=gl.MLP(d_mlp=64),
    optimizer=gl.AdamW(lr=3e-3, weight_decay=0.0),
    train_fraction=1.0,
    steps=400,
    evaluate_every=None,
    keep=gl.Steps([0]),
)


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return gl.train(RECIPE, into=tmp_path_factory.mktemp("lives") / "parent", keep_optimizer=[300])


def test_what_was_learned_by_heart_is_not_generalising(parent, tmp_path):
    fork = gl.fork(parent, 300, tmp_path / "fork", train_fraction=0.5, steps=320)
    why = gl.explain(fork)
    assert why.finding("generalises").value >= 0.99
    assert (why.finding("generalises").verdict, why.generalised) == ("undecided", False)
    assert "trained on until step 300" in why.finding("generalises").note
    assert "of which some were trained on until step 300: that it generalises is undecided" in why.headline
    further = gl.fork(fork, 320, tmp_path / "further", steps=330)
    assert trained_on_until(further) == 300


def test_the_step_before_a_loss_is_judged_as_one_of_the_fork(parent, tmp_path):
    lost = {"optimizer.lr": 1.0, "optimizer.weight_decay": 1.0}
    fork = gl.fork(parent, 300, tmp_path / "fork", train_fraction=0.5, steps=320, **lost)
    why = gl.explain(fork)
    assert (why.generalised, why.generalised_at) == (False, 300)
    assert why.headline.endswith("at step 300, which gl.explain(run, steps=300) judges.")
    assert "that it generalises is undecided" in gl.explain(fork, steps=300).headline


def test_it_is_said_too_where_some_are_answered_wrongly(tmp_path):
    early = gl.train(
        replace(RECIPE, train_fraction=0.9, steps=40),
        into=tmp_path / "early",
        keep_optimizer=[40],
    )
    why = gl.explain(gl.fork(early, 40, tmp_path / "fork", train_fraction=0.5, steps=50))
    found = why.finding("generalises")
    assert (found.verdict, found.value < 0.99) == ("refuted", True)
    assert "some test inputs were trained on until step 40" in found.note
    assert "% of test inputs, of which some were trained on until step 40, short of the 99 %" in why.headline


def test_more_inputs_or_another_decay_leave_test_inputs_unseen(parent, tmp_path):
    run = gl.train(
        replace(RECIPE, train_fraction=0.5, steps=20),
        into=tmp_path / "half",
        keep_optimizer=[20],
    )
    more = gl.fork(run, 20, tmp_path / "more", train_fraction=0.7, steps=25)
    other = gl.fork(run, 20, tmp_path / "other", steps=25, **{"optimizer.weight_decay": 1.0})
    assert [trained_on_until(each) for each in (run, more, other)] == [None] * 3


def test_a_snapshot_knows_what_its_run_was_trained_on_before(parent, tmp_path):
    fork = gl.fork(parent, 300, tmp_path / "fork", train_fraction=0.5, steps=320)
    why = gl.explain(fork.at(320))
    assert (why.finding("generalises").verdict, why.generalised) == ("undecided", False)
    assert "of which some were trained on until step 300" in why.headline
