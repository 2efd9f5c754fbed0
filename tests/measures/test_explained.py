"""What a simple predictor explains, planted: the predictor itself, a stranger to it, and both together."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures.explained import QUANTITIES

M = gl.measures
N = 1200


@dataclass(frozen=True)
class Column:
    """A simple predictor that answers with one of the tokens."""

    column: int = 0

    def answers(self, task, train_index):
        return task.inputs[:, self.column]


class Answers(torch.nn.Module):
    """A model that answers as it is told to."""

    def __init__(self, rule, n_classes=4):
        super().__init__()
        self.rule, self.n_classes = rule, n_classes
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, tokens):
        return self.weight * torch.nn.functional.one_hot(self.rule(tokens), self.n_classes).float()


class Follows(Answers):
    """A model that answers every token with what follows it most often."""

    def __init__(self, chain):
        super().__init__(lambda tokens: chain.argmax(dim=1)[tokens], len(chain))


def said(model_rule, label_rule, simple=None, train_index=None):
    """The quantities of a model that follows one rule on a task of another, its inputs random bits."""
    tokens = torch.randint(0, 2, (N, 3), generator=torch.Generator().manual_seed(0))
    probe = gl.tasks.Probe(tokens, labels=label_rule(tokens))
    snapshot = gl.Snapshot(gl.hooked(Answers(model_rule)), probe, 0, train_index)
    found = M.ExplainedBy(simple or Column())(snapshot)
    return {str(name): float(found.sel(quantity=name)) for name in found["quantity"].values}


def both(tokens):
    return 2 * tokens[:, 0] + tokens[:, 1]


def first(tokens):
    return tokens[:, 0]


def second(tokens):
    return tokens[:, 1]


def test_a_model_that_is_the_simple_predictor_has_nothing_beyond_it():
    found = said(first, both)
    assert found["beyond"] == found["missed"] == 0
    assert found["explained"] == found["model"] == found["simple"] == pytest.approx(1, abs=0.01)


def test_a_model_that_has_nothing_to_do_with_it_is_not_explained():
    found = said(second, both)
    assert [found["model"], found["beyond"]] == pytest.approx([1, 1], abs=0.01)
    assert found["explained"] == pytest.approx(0, abs=0.01)
    assert found["missed"] == pytest.approx(1, abs=0.01)


def test_a_model_that_knows_all_is_explained_in_part():
    found = said(both, both)
    assert found["explained"] == pytest.approx(1, abs=0.01)
    assert found["beyond"] == pytest.approx(1, abs=0.01)
    assert found["missed"] == pytest.approx(0, abs=1e-9)


def test_together_they_may_tell_what_neither_does():
    found = said(second, lambda tokens: tokens[:, 0] ^ tokens[:, 1])
    assert found["explained"] == pytest.approx(-1, abs=0.02)


def test_on_labels_that_carry_nothing_all_is_zero_within_the_null():
    noise = torch.randint(0, 4, (N,), generator=torch.Generator().manual_seed(7))
    found = said(both, lambda tokens: noise)
    for name in ("model", "beyond", "missed"):
        spread = found[f"{name}_null_most"] - found[f"{name}_null"]
        assert abs(found[name] - found[f"{name}_null"]) <= 2 * spread + 0.003
        assert abs(found[f"{name}_null"]) < 0.005


def test_it_is_measured_over_the_steps_of_a_run_and_fitted_once():
    asked = []

    @dataclass(frozen=True)
    class Counted(Column):
        def answers(self, task, train_index):
            asked.append(train_index)
            return super().answers(task, train_index)

    mod = gl.ModularArithmetic(5)
    models = {step: gl.MLP(d_mlp=4).build(mod, seed=step) for step in (0, 3)}
    run = gl.Run.of(models, mod, train_index=torch.arange(10))
    state = torch.random.get_rng_state()
    table = M.explained_by(run, Counted(), shuffles=2)
    assert len(asked) == 1
    assert asked[0].tolist() == list(range(10))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert list(table["step"].values) == [0, 3]
    assert set(QUANTITIES) < set(table)
    assert table["explained"].attrs["units"] == "bits"
    column = gl.track(run, M.ExplainedBy(Counted(), shuffles=2))[
        "explained_by_simple_" + column_of(Counted())
    ]
    np.testing.assert_array_equal(column.sel(quantity="beyond"), table["beyond"])
    one = M.explained_by(run, Counted(), steps=3, shuffles=2)
    assert one["model"].values.tolist() == [float(table["model"][1])]


def column_of(simple):
    return M.ExplainedBy(simple, shuffles=2).__name__.removeprefix("explained_by_simple_")


def test_what_is_no_simple_predictor_is_refused():
    run = gl.Snapshot(gl.MLP(d_mlp=4).build(gl.ModularArithmetic(5), seed=0), gl.ModularArithmetic(5), 0)
    for wrong in ("linear", M.LinearPredictor, Column):
        with pytest.raises(BadArgument, match="no simple predictor"):
            M.explained_by(run, wrong)
    with pytest.raises(BadArgument, match="shuffles"):
        M.explained_by(run, Column(), shuffles=0)

    class Short:
        def answers(self, task, train_index):
            return torch.zeros(3)

    with pytest.raises(BadArgument, match=r"one for each label, \(25,\)"):
        M.explained_by(run, Short())


# The predictors


def test_a_linear_predictor_finds_a_linear_rule_and_no_parity():
    mod = gl.ModularArithmetic(6)
    tokens = torch.cartesian_prod(*[torch.arange(2)] * 6)
    majority = gl.tasks.Probe(tokens, labels=(tokens.sum(dim=1) > 2).long())
    parity = gl.tasks.Probe(tokens, labels=tokens.sum(dim=1) % 2)
    answers = M.LinearPredictor().answers(majority, torch.arange(0, 64, 2) + 1)
    assert float((answers == majority.labels).double().mean()) > 0.8
    assert (M.LinearPredictor().answers(majority, None) == majority.labels).all()
    assert float((M.LinearPredictor().answers(parity, None) == parity.labels).double().mean()) <= 0.6
    assert M.LinearPredictor().answers(mod, None).shape == (36,)


def test_a_tree_asks_as_many_questions_as_it_may():
    tokens = torch.cartesian_prod(*[torch.arange(2)] * 4)
    first_two = gl.tasks.Probe(tokens, labels=tokens[:, 0] * tokens[:, 1])
    assert (M.ShallowTree(2).answers(first_two, None) == first_two.labels).all()
    assert (M.ShallowTree(1).answers(first_two, None) != first_two.labels).any()


def test_one_mode_is_the_sign_of_its_cosine():
    mod = gl.ModularArithmetic(7)
    for frequency in (1, 3):
        cosine = torch.cos(2 * torch.pi * frequency * mod.labels / 7)
        assert (M.OneFourierMode(frequency).answers(mod, None) == (cosine < 0)).all()
    assert M.OneFourierMode(1, arcs=7).answers(mod, None).unique().numel() == 7
    with pytest.raises(BadArgument, match="no cyclic group"):
        M.OneFourierMode().answers(gl.GroupComposition("D3"), None)


def test_a_stream_is_fitted_to_fresh_examples():
    parity = gl.tasks.SparseParity(6, 1)
    answers = M.LinearPredictor().answers(parity, None)
    assert (answers == parity.labels).all()


def test_of_a_sequence_it_is_a_table_of_what_follows_what():
    chains = gl.tasks.MarkovChains(
        states=3, length=20, chains=1, concentration=0.05
    )  # one chain, nearly certain
    found = M.LinearPredictor().answers(chains, None)
    assert torch.equal(found, chains.mixture[0].argmax(dim=1)[chains.inputs])
    assert torch.equal(M.ShallowTree(3).answers(chains, None), found)
    snapshot = gl.Snapshot(gl.hooked(Follows(chains.mixture[0])), chains, 0)
    said = M.ExplainedBy(M.LinearPredictor())(snapshot)
    assert float(said.sel(quantity="beyond")) == pytest.approx(0, abs=1e-9)
    assert float(said.sel(quantity="explained")) == pytest.approx(float(said.sel(quantity="model")))
    assert float(said.sel(quantity="model")) > 0.3


def test_a_reference_predictor_answers_by_its_likeliest_token():
    @dataclass(frozen=True)
    class Repeats:
        name: str = "the token before"

        def log_probabilities(self, tokens):
            return torch.nn.functional.one_hot(tokens, 5).double().log()

    tokens = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    language = gl.tasks.Probe(tokens, labels=tokens[:, -1])
    assert M.simple_answers(Repeats(), language, None).tolist() == [3, 0]
