"""A stream: fresh examples by update and seed alone, a fixed probe, and everything else as for a table."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import SparseParity, task_from_spec

TASK = SparseParity(n=12, k=2)
RECIPE = gl.Recipe(
    task=TASK,
    model=gl.MLP(d_mlp=64, d_embed=None),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=0.01),
    batch_size=64,
    steps=120,
    evaluate_every=20,
    keep=gl.Every(40),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return gl.train(RECIPE, into=tmp_path_factory.mktemp("stream") / "parity")


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 10), st.integers(0, 9), st.integers(0, 5), st.integers(1, 1000), st.integers(1, 50))
def test_labels_are_the_parity_of_the_hidden_bits_and_of_nothing_else(k, seed, run_seed, update, size):
    task = SparseParity(n=10, k=k, seed=seed)
    examples = task.batch(update, run_seed, size)
    assert examples.inputs.shape == (size, 10)
    by_hand = [sum(bits[place] for place in task.hidden) % 2 for bits in examples.inputs.tolist()]
    assert examples.labels.tolist() == by_hand
    assert len(task.hidden) == len(set(task.hidden)) == k


def test_a_batch_is_a_function_of_update_and_seed_alone():
    before = torch.random.get_rng_state()
    first = TASK.batch(7, 3, 64).inputs
    TASK.batch(8, 3, 64)
    assert torch.equal(TASK.batch(7, 3, 64).inputs, first)
    assert not torch.equal(TASK.batch(8, 3, 64).inputs, first)
    assert not torch.equal(TASK.batch(7, 4, 64).inputs, first)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_bits_are_fair_and_tell_nothing_of_the_label_alone():
    inputs, labels = TASK.inputs, TASK.labels
    error = 4 / len(inputs) ** 0.5 / 2
    assert float((inputs.double().mean(dim=0) - 0.5).abs().max()) < error
    agree = (inputs == labels[:, None]).double().mean(dim=0)
    assert float((agree - 0.5).abs().max()) < error  # hidden bits too


def test_it_comes_back_from_its_specification():
    assert task_from_spec(TASK.spec()) == TASK
    assert TASK.spec() == {"kind": "SparseParity", "n": 12, "k": 2, "seed": 0}
    assert repr(TASK) == "SparseParity(n=12, k=2, seed=0)"


def test_it_is_learned_on_line_and_looked_at_on_the_probe(run):
    assert run.train_index is None
    history = run.history
    assert float(history["test_accuracy"].sel(step=0)) == pytest.approx(0.5, abs=0.1)
    assert float(history["test_accuracy"].sel(step=120)) > 0.99
    assert history["train_loss"].notnull().all()
    assert "train_accuracy" not in history or not history["train_accuracy"].notnull().any()
    table = gl.track(run, gl.measures.PERFORMANCE)
    assert set(table.data_vars) == {"loss", "all_accuracy", "test_loss", "test_accuracy"}
    assert float(table["test_loss"].sel(step=40)) == pytest.approx(
        float(history["test_loss"].sel(step=40)), rel=1e-4
    )


def test_it_is_explained_as_what_it_is(run):
    why = gl.explain(run)
    assert why.generalised
    assert why.verdict == "undecided"  # there is no circuit to look for yet
    assert why.phases == []
    assert "fresh inputs for every update" in why.about["Data"]
    beginning = gl.explain(run.at(0))
    assert (beginning.verdict, beginning.algorithm) == ("refuted", "none")


def test_a_killed_run_ends_with_the_same_bits(run, tmp_path, monkeypatch):
    from groklens.training import loop

    def killed(text, step, total):
        if step == 75:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            gl.train(RECIPE, into=tmp_path / "run", resume_every=0.0)
    again = gl.train(RECIPE, into=tmp_path / "run").final.model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in run.final.model.state_dict().items())


def test_several_are_trained_at_once(run, tmp_path):
    others = gl.train_many([replace(RECIPE, seed=seed) for seed in (0, 1)], into=tmp_path / "runs")
    for name, value in run.final.model.state_dict().items():
        torch.testing.assert_close(others[0].final.model.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    assert float(others[1].history["test_accuracy"].sel(step=120)) > 0.9


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: SparseParity(n=3, k=4), "k is 4, of n = 3 bits"),
        (lambda: replace(RECIPE, batch_size=None), "is a stream, and has no full batch"),
        (lambda: TASK.split(0.5, 0), "is a stream: .* There is no split"),
    ],
)
def test_what_makes_no_stream_is_refused(make, said):
    with pytest.raises(BadArgument, match=said):
        make()
