"""A probe: sequences to look with, and no answers unless they are given."""

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.integers import integers
from groklens.runs import as_run
from groklens.tasks import task_from_spec

TOKENS = [[3, 1, 4], [1, 5, 9]]


@pytest.fixture
def snapshot():
    task = gl.Probe(TOKENS, d_vocab=12)
    return gl.Snapshot(gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0), task)


def test_it_is_a_task_without_symmetry():
    task = gl.Probe(torch.tensor(TOKENS))
    assert (task.n_ctx, task.d_vocab, task.d_vocab_out) == (3, 10, 10)
    assert task.symmetry is None
    assert task.grid is None
    assert gl.Probe(TOKENS, labels=[1, 20]).d_vocab_out == 21


@pytest.mark.parametrize(
    "task",
    [gl.Probe(TOKENS), gl.Probe(TOKENS, [2, 6], d_vocab=12), gl.Probe(TOKENS, token_names=["a", "b"])],
)
def test_it_comes_back_from_its_specification(task):
    again = task_from_spec(task.spec())
    assert again == task
    assert again.digest == task.digest
    assert again.token_names == task.token_names


def test_names_go_as_far_as_they_are_given():
    assert gl.Probe([[2]], token_names=["a", "b"]).token_names == ["a", "b", "2"]
    assert gl.Probe([[0]], token_names=["a", "b"]).d_vocab == 2


def test_a_model_says_how_many_tokens_there_are():
    assert gl.Probe(TOKENS).fitted(50).d_vocab_out == 50
    assert gl.Probe(TOKENS, d_vocab=12).fitted(50).d_vocab_out == 12
    with pytest.raises(BadArgument, match="10 tokens, but the model knows 9"):
        gl.Probe(TOKENS).fitted(9)


def test_what_needs_no_answers_works(snapshot):
    assert snapshot.logits.shape == (2, 12)
    assert snapshot.activations("blocks.0.hook_resid_post", pos=-1).shape == (2, 8)
    acts = gl.capture(as_run(snapshot), "blocks.0.mlp.hook_post", pos=-1)
    assert acts["blocks.0.mlp.hook_post"].dims == ("step", "input", "neuron")
    assert np.isnan(acts["label"]).all()
    assert repr(snapshot.task.labels) == "<no labels for 2 inputs>"


@pytest.mark.parametrize(
    "ask",
    [
        gl.measures.loss,
        gl.measures.all_accuracy,
        gl.find_circuit,
        lambda snapshot: gl.explain(snapshot),
        lambda snapshot: snapshot.task.labels == 0,
        lambda snapshot: snapshot.task.labels[0],
    ],
)
def test_what_needs_answers_says_so(snapshot, ask):
    with pytest.raises(BadArgument, match=r"no labels.*gl\.Probe\(tokens, labels="):
        ask(snapshot)


def test_labels_that_are_given_are_used(snapshot):
    answered = gl.Probe(TOKENS, snapshot.logits.argmax(dim=-1), d_vocab=12)
    assert gl.measures.all_accuracy(gl.Snapshot(snapshot.model, answered)) == 1.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([[1, 2], [3]],), "Sequences of different lengths"),
        (([[]],), "shape"),
        (([[-1, 2]],), "from 0 on"),
        ((TOKENS, [1]), "1 labels for 2 inputs"),
        ((TOKENS, None, 9), "at least 10"),
    ],
)
def test_mistakes_are_refused(arguments, says):
    with pytest.raises(BadArgument, match=says):
        gl.Probe(*arguments)


def test_a_token_that_is_no_whole_number_is_refused():
    # Asked below the constructor: there the checks of types may see it first, for they look at one token a row.
    with pytest.raises(BadArgument, match="whole numbers"):
        integers("tokens", [[1.5, 2]], 2, "[[3, 1], [1, 5]]")
