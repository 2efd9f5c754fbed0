"""What is said of a task without a group, of which no circuit is asked for."""

import math

import pytest
import torch

import groklens as gl
from groklens.evidence import find_circuit

PAIRS = torch.cartesian_prod(torch.arange(7), torch.arange(7))
TRIPLES = torch.cartesian_prod(*[torch.arange(3)] * 3)
TASKS = {
    "the larger of two": gl.TableTask(PAIRS, PAIRS.amax(1)),
    "greatest common divisors": gl.TableTask(PAIRS, [math.gcd(*pair) for pair in PAIRS.tolist()]),
    "random": gl.RandomTable(7, seed=0),
    "a sequence": gl.TableTask(TRIPLES, TRIPLES.cummax(1).values[:, 1:], reads=(1, 2)),
    "a stream": gl.tasks.SparseParity(6, 2),
}
SPLITS = {
    "a split": lambda task: {"train_index": task.split(0.5, 0)[0]},
    "no split": lambda task: {},
    "all of it": lambda task: {"train_index": torch.arange(len(task.labels))},
    "a share": lambda task: {"train_share": 0.9},
}


def test_when_a_circuit_formed_is_not_said(tmp_path):
    inputs = torch.cartesian_prod(torch.arange(7), torch.arange(7))
    task = gl.TableTask(inputs, inputs.amax(1), name="the larger of two")
    recipe = gl.Recipe(task=task, model=gl.MLP(d_mlp=16), steps=40, evaluate_every=10, keep=gl.Every(20))
    why = gl.explain(gl.train(recipe, tmp_path / "run"))
    assert [phase.name for phase in why.phases] == ["memorisation"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("split", SPLITS)
def test_a_circuit_that_nobody_asked_for_is_never_refuted(task, split):
    if task == "a stream" and split != "no split":
        pytest.skip("a stream has no split")
    own = TASKS[task]
    model = gl.Transformer(d_model=8, d_mlp=8) if task == "a sequence" else gl.MLP(d_mlp=8, d_embed=8)
    snapshot = gl.Snapshot(model.build(own, seed=0), own, **SPLITS[split](own))
    check_not_asked(gl.explain(snapshot), own)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("known", [slice(None), slice(0, 40), slice(0, 20)])
def test_nor_is_it_of_a_model_that_knows_all_most_or_some(split, known):
    task = TASKS["the larger of two"]
    model = gl.planted(task, algorithm="lookup")
    with torch.no_grad():
        kept = model.W_U[known].clone()
        model.W_U.zero_()
        model.W_U[known] = kept
    check_not_asked(gl.explain(gl.Snapshot(model, task, **SPLITS[split](task))), task)


def check_not_asked(why, task):
    found = why.finding("circuit")
    assert (found.verdict, found.value, found.controls) == ("undecided", None, ())
    assert found.note == f"not asked: {task.name} has no group whose components could be looked for"
    assert f'[undecided] "{found.claim}"\n      not asked: ' in str(why)
    assert "circuit is refuted" not in why.headline
    html = why._repr_mimebundle_()["text/html"]
    assert f">{found.note}<" in html
    assert f"</strong> &quot;{found.claim}&quot;<" in html


def test_a_group_that_is_named_asks_for_one(caplog):
    task = TASKS["random"]
    snapshot = gl.Snapshot(gl.planted(task, algorithm="lookup"), task)
    assert find_circuit(snapshot) is None
    assert "not asked" in caplog.text
    caplog.clear()
    assert find_circuit(snapshot, group="C7") is None
    assert "not asked" not in caplog.text


def test_a_stream_is_judged_on_its_probe():
    task = TASKS["a stream"]
    why = gl.explain(gl.MLP(d_mlp=8).build(task, seed=0), task)
    found = why.finding("generalises")
    assert (found.claim, found.source) == (
        "the model is correct on the probe's inputs",
        "accuracy of at least 99 % on the probe's inputs",
    )
    assert "of the probe's inputs" in why.headline
    assert "an accuracy of 99 % on the probe's inputs" in why.methods()


def test_that_a_circuit_is_refuted_is_said_where_there_is_a_group():
    task = gl.ModularArithmetic(7, "add")
    why = gl.explain(gl.MLP(d_mlp=8).build(task, seed=0), task, train_index=task.split(0.5, 0)[0])
    assert why.finding("circuit").verdict == "refuted"
    assert "that it generalises by a circuit is refuted" in why.headline
