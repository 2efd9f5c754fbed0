"""A planted model on the unigram plateau: no measure of stages, heads or context takes it for an induction circuit."""

import math

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import planted_induction, planted_unigram

LENGTH = 30
TASK = gl.tasks.MarkovChains(states=3, length=LENGTH)


def jittered(seed, size=0.01):
    """The model with small noise on every weight, as a run that trains and gets nowhere has it."""
    model, generator = planted_unigram(TASK), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
    return model


@pytest.fixture(scope="module")
def run():
    return gl.Run.of({100 * place: jittered(place) for place in range(4)}, TASK, name="plateau")


@pytest.fixture(scope="module")
def snapshot():
    return gl.Snapshot(planted_unigram(TASK), TASK)


def test_it_counts_tokens_and_nothing_else(snapshot):
    """The present tokens in another order give the same answer, as of a unigram predictor and of no other."""
    tokens = TASK.inputs[:20]
    mixed = torch.cat([tokens[:, torch.randperm(LENGTH - 1)], tokens[:, -1:]], dim=1)
    for first, second, same in ((tokens, mixed, True), (tokens, (tokens + 1) % 3, False)):
        answers = [
            gl.measures.predictor_of(snapshot).log_probabilities(each)[:, -1] for each in (first, second)
        ]
        assert torch.allclose(*answers, atol=1e-5) == same


def test_no_stage_beyond_the_plateau_is_reached_at_any_step_or_place(run):
    table = gl.measures.stages(run, progress=False)
    assert set(table["stage"].values) == set(table["stage_at"].values.flatten()) == {"unigram"}
    lead, error = (table[name].sel(reference="unigram") for name in ("lead", "lead_error"))
    assert (lead > 10 * error).all()
    apart = float(table["between"].sel(reference="bigram", nearest="unigram"))
    assert (table["mean_kl"].sel(reference="bigram") > 0.9 * apart).all()
    assert np.ptp(table["loss"].values) < 0.01  # it stands still
    why = gl.explain(run, progress=False)
    assert [phase.name for phase in why.phases] == ["unigram"]
    assert [why.finding(key).verdict for key in ("generalises", "stage")] == ["refuted", "refuted"]
    assert "most like the unigram predictor" in why.headline
    assert why.algorithm == "none"


def test_no_head_looks_one_back_or_at_what_followed(snapshot):
    even = np.mean([1 / (t + 1) for t in range(1, TASK.inputs.shape[1])])
    assert gl.measures.previous_token(snapshot).values == pytest.approx(even, abs=1e-3)
    assert gl.measures.induction(snapshot).values == pytest.approx(_followed_share(TASK.inputs), abs=1e-3)
    formed = gl.Snapshot(planted_induction(TASK), TASK)
    assert float(gl.measures.induction(formed).max()) > 2 * float(gl.measures.induction(snapshot).max())
    repeated = gl.measures.PrefixMatching()
    assert float(repeated(snapshot).max()) < 2 * math.log(2) / LENGTH * 2


def _followed_share(tokens):
    """The share of places j ≤ t with x[j − 1] = x[t], mean over the t that have one: that of even attention."""
    shares = []
    for row in tokens.tolist():
        for t in range(1, len(row)):
            follow = [j for j in range(1, t + 1) if row[j - 1] == row[t]]
            shares += [len(follow) / (t + 1)] if follow else []
    return np.mean(shares)


def test_its_own_samples_are_of_the_plateau_too(snapshot):
    table = gl.measures.sampled_stages(snapshot, progress=False)["kl"].mean("example")[0]
    assert table["reference"].values[int(table.argmin())] == "unigram"
    assert float(table.sel(reference="unigram")) < float(table.sel(reference="bigram")) / 2


def test_context_is_worth_less_than_to_a_model_with_the_circuit(snapshot):
    """It gains by counting, which is no sign of a circuit; the circuit gains half as much again."""
    score = gl.measures.InContextScore()
    assert score(gl.Snapshot(planted_induction(TASK), TASK)) < 1.4 * score(snapshot) < 0


def test_a_task_that_answers_with_something_else_is_refused():
    with pytest.raises(BadArgument, match="answers with the next token"):
        planted_unigram(gl.ModularArithmetic(5, "div"))
