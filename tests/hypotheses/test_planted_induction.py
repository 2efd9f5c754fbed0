"""A hand-written induction model is a bigram predictor, and with its first head at its mean a unigram predictor."""

import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import Heads, planted_induction

TASK = gl.tasks.MarkovChains(states=3, length=30)


@pytest.fixture(scope="module")
def snapshot():
    return gl.Snapshot(planted_induction(TASK), TASK)


def stage(snapshot):
    return gl.measures.stages(snapshot)["stage"].item()


def test_it_is_a_bigram_model_by_its_stage_and_its_heads(snapshot):
    assert stage(snapshot) == "bigram"
    back, follows = gl.measures.previous_token(snapshot), gl.measures.induction(snapshot)
    assert float(back.sel(head="0.0")) > 0.99 > float(back.sel(head="1.0"))
    assert float(follows.sel(head="1.0")) > 0.9 > float(follows.sel(head="0.0"))


def test_without_a_head_it_is_at_the_level_below(snapshot):
    without = {layer: gl.interventions.remove(snapshot, Heads([(layer, 0)]), at="heads") for layer in (0, 1)}
    assert stage(without[0]) == "unigram"
    assert stage(without[1]) == "uniform"
    assert stage(snapshot) == "bigram"  # the model is as it was


def test_explain_says_its_stage_and_claims_no_circuit_of_a_group(snapshot):
    why = gl.explain(snapshot)
    assert why.circuit is None
    assert why.algorithm in ("none", "undecided")
    assert "of its references it predicts most like the bigram predictor" in why.headline
    assert why.finding("stage").verdict == "supported"
    assert "circuit" not in {finding.key for finding in why.findings}
    less = gl.explain(gl.interventions.remove(snapshot, Heads([(0, 0)]), at="heads"))
    assert less.finding("stage").verdict == "refuted"
    assert less.finding("generalises").verdict == "refuted"
    assert "most like the unigram predictor" in less.headline
    assert "reference_kl" in why.table
    assert why.to_html()


def test_a_run_is_told_by_its_stages(tmp_path):
    recipe = gl.Recipe(
        task=gl.tasks.MarkovChains(states=2, length=8), batch_size=8, steps=20, keep=gl.Every(10),
        model=gl.Transformer(n_layers=2, d_model=8, n_heads=1, d_head=8, d_mlp=None, positions="rotary"),
    )  # fmt: skip
    why = gl.explain(gl.train(recipe, into=tmp_path / "run", progress=False))
    names = {"uniform", "unigram", "bigram", "trigram"}
    assert why.phases
    assert {phase.name for phase in why.phases} <= names
    assert why.phases[0].start == (0, 0)
    assert why.phases[-1].end is None
    assert why.finding("generalises").verdict == "refuted"


def test_tasks_that_answer_with_something_else_are_refused():
    with pytest.raises(BadArgument, match="answers with the next token"):
        planted_induction(gl.ModularArithmetic(5, "div"))
