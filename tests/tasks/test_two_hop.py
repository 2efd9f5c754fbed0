"""Two hops: what follows of two facts, what is taught of it, and training as of any task."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import TwoHop, task_from_spec

TASK = TwoHop(entities=5, relations=3)
RECIPE = gl.Recipe(
    task=TASK,
    model=gl.Transformer(n_layers=2, d_model=8, n_heads=1, d_head=8, d_mlp=16),
    train_fraction=0.8,
    batch_size=16,
    steps=12,
    evaluate_every=4,
    keep=gl.Every(6),
)
SIZES = st.builds(
    TwoHop,
    entities=st.integers(2, 7),
    relations=st.integers(2, 5),
    apart=st.sampled_from([0.0, 0.2, 0.5]),
    seed=st.integers(0, 3),
)


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_what_follows_is_the_fact_about_what_a_fact_leads_to(task):
    known = {}
    names = task.token_names
    for (h, r, last), label in zip(task.inputs.tolist(), task.labels.tolist(), strict=True):
        if names[last] == ".":
            known[h, r] = label
    inferred = task.inputs[task.inferred].tolist()
    assert len(known) + len(inferred) == len(task.inputs) == len(known) * (1 + task.relations)
    for (h, first, second), bridge, label in zip(
        inferred, task.bridges.tolist(), task.labels[task.inferred].tolist(), strict=True
    ):
        assert bridge == known[h, first]
        assert label == known[bridge, second]


@settings(max_examples=25, deadline=None)
@given(SIZES, st.integers(0, 3))
def test_every_fact_is_taught_and_nothing_that_follows_of_those_apart(task, seed):
    train, test = task.split(0.7, seed)
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(task.inputs)))
    n_facts = task.facts.numel()
    assert set(range(n_facts)) <= set(train.tolist())
    apart = set(task.inferred[task.is_apart].tolist())
    assert not apart & set(train.tolist())
    assert len(train) == n_facts + int(0.7 * (len(task.inferred) - len(apart)))
    assert bool(apart) == (round(task.apart * n_facts) > 0)


def test_it_comes_back_from_its_specification():
    assert task_from_spec(TASK.spec()) == TASK
    assert TwoHop(apart=0).spec() == TwoHop().spec()
    assert not torch.equal(TwoHop(seed=1).facts, TwoHop().facts)
    assert TASK.grid is TASK.symmetry is None
    assert TwoHop(apart=0.1).name == "two hops, 20 entities, 12 relations, 10% of facts apart"


def test_a_killed_run_ends_with_the_same_bits(tmp_path, monkeypatch):
    from groklens.training import loop

    def killed(text, step, total):
        if step == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            gl.train(RECIPE, into=tmp_path / "run", resume_every=0.0)
    again = gl.train(RECIPE, into=tmp_path / "run").final.model.state_dict()
    whole = gl.train(RECIPE, into=tmp_path / "whole").final.model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in whole.items())


def test_seeds_are_trained_at_once(tmp_path):
    runs = gl.train_many([replace(RECIPE, seed=seed) for seed in (0, 1)], into=tmp_path / "runs")
    assert "2 stacked" in runs[0].environment["engine"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TwoHop(apart=1), "apart is 1; give the share of facts"),
        (lambda: TwoHop(entities=1), "entities is 1"),
        (lambda: TASK.split(0.0, 0), "train_fraction is 0.0"),
    ],
)
def test_what_makes_no_two_hops_is_refused(make, said):
    with pytest.raises(BadArgument, match=said):
        make()
