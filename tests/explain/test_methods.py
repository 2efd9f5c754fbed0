"""The methods paragraph says what the recipe holds and what nobody recorded; the figures of a paper take few lines."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

import groklens as gl

TASK = gl.ModularArithmetic(7)


@pytest.fixture(scope="module")
def why(_trained_once):
    return gl.explain(gl.load(_trained_once))


def test_it_says_all_of_the_recipe(why):
    said = why.methods()
    for words in (
        "The task is a+b mod 7, with 49 inputs, of which 29 (59.2 %, chosen by seed 0) were trained on; the others are",
        "The model: TransformerBridge, 1 layer, d_model 16",
        "Initial weights were drawn by the nanda scheme with seed 0.",
        "It was trained for 30 updates on all of them at once by AdamW (learning rate 0.01, weight decay 1, betas 0.9 "
        "and 0.98, epsilon 1e-08, 5 steps of linear warm-up), on the cross-entropy loss.",
        "Weights were kept at 4 steps, from 0 to 30.",
        "looked at 4 steps; losses come from float64 log-softmax.",
        "No circuit was sought.",
    ):
        assert words in said
    assert "Not known" not in said


def test_a_recipe_of_other_values_gives_other_words(why):
    other = gl.SGD(lr=0.5, weight_decay=0.0)
    run, source = copy.copy(why.source), copy.copy(why.source._source)
    source.recipe = replace(why.source.recipe, loss="mse", batch_size=8, seed=3, optimizer=other)
    run._source = source
    said = replace(why, source=run).methods()
    assert "with seed 3" in said
    assert "on batches of 8 by SGD (learning rate 0.5, weight decay 0, momentum 0), on the mse loss" in said


def test_what_is_not_recorded_is_named():
    said = gl.explain(gl.planted(TASK, [1, 2]), TASK).methods()
    assert "with 49 inputs." in said
    assert "on all inputs, as its split is not known" in said
    unknown = said[said.index("Not known: ") :]
    for words in (
        "the optimiser",
        "the weight decay",
        "which inputs were trained on",
        "how the weights were init",
    ):
        assert words in unknown
    assert "trained for" not in said


def test_the_sources_are_those_of_findings_and_measures(why):
    assert "@article{nanda2023," in why.bibtex()
    assert why.bibtex().count("@") == len(set(why.bibtex().split("\n\n")))
    alone = SimpleNamespace(findings=[], table=why.table[["train_loss"]])
    assert type(why).bibtex(alone) == ""


def test_figure_7_of_the_paper_is_printed_in_a_few_lines(why, tmp_path):
    names = ["train_loss", "test_loss", "gini_embedding", "sum_squared_weights"]
    path = gl.views.curves(why, names).save(tmp_path / "figure7.pdf", width=6.75)
    assert path.read_bytes().startswith(b"%PDF")


def test_a_claim_has_a_figure_of_its_own(why, tmp_path):
    view = gl.views.findings(why.finding("generalises"))
    assert view.text == "1 finding."
    assert view.save(tmp_path / "claim.pdf", width=3.25).read_bytes().startswith(b"%PDF")


def test_a_search_that_was_not_made_is_not_told_of():
    """Of a model whose split is not known and that is not correct everywhere, no circuit was looked for."""
    task = gl.ModularArithmetic(11)
    why = gl.explain(gl.MLP(d_mlp=8).build(task, seed=0), task)
    assert {finding.key for finding in why.findings} == {"generalises", "circuit"}
    assert "No circuit was sought." in why.methods()
    assert "draws of each" not in why.methods()


def test_where_every_input_was_trained_on_there_are_no_test_inputs():
    task = gl.ModularArithmetic(11)
    snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task, train_index=list(range(121)))
    assert "Every input was trained on, so that generalising cannot be told" in gl.explain(snapshot).methods()


def test_a_search_that_was_made_is_told_of():
    task = gl.ModularArithmetic(11)
    said = gl.explain(gl.planted(task, [2, 5]), task).methods()
    assert "some components of the group C11" in said
    assert "No circuit was sought." not in said


@pytest.mark.filterwarnings("ignore:The split given")
def test_what_is_found_beside_the_search_does_not_make_one():
    """Of a split that is doubted there is a finding, and nothing was looked for."""
    task = gl.ModularArithmetic(11)
    model, seen = gl.planted(task, algorithm="lookup"), task.split(0.4, 0)[0]
    with torch.no_grad():
        model.W_U[[each for each in range(121) if each not in set(seen.tolist())]] = 0.0
    why = gl.explain(model, task, train_index=task.split(0.4, 5)[0])
    assert why.finding("split.fits").verdict == "undecided"
    assert "No circuit was sought." in why.methods()


def test_a_search_that_found_no_component_was_one():
    labels = torch.randint(0, 11, (121,), generator=torch.Generator().manual_seed(7))
    task = gl.TableTask(gl.ModularArithmetic(11).inputs, labels, "C11")
    why = gl.explain(gl.planted(task, algorithm="lookup"), task)
    assert "no component of C11 is key" in why.finding("circuit").note
    assert "some components of the group C11" in why.methods()
