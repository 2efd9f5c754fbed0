"""Markov chains in context: what is drawn, what may be known of it, and the way through training and back."""

import json

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import task_from_spec
from groklens.tasks.markov_chains import sampled
from groklens.training.stack import Stack

TASK = gl.tasks.MarkovChains(states=3, length=12)


def test_labels_are_the_next_tokens_where_something_can_be_known():
    examples = TASK.batch(update=3, seed=1, size=10)
    assert examples.inputs.shape == (10, 12)
    assert examples.reads == TASK.reads == tuple(range(1, 12))
    assert torch.equal(examples.labels[:, :-1], examples.inputs[:, 2:])
    again = TASK.batch(update=3, seed=1, size=10)
    assert torch.equal(again.inputs, examples.inputs)
    assert not torch.equal(TASK.batch(update=4, seed=1, size=10).inputs, examples.inputs)
    assert gl.tasks.MarkovChains(3, 12, chains=4).reads == tuple(range(12))


def test_sequences_follow_their_chains():
    generator = torch.Generator().manual_seed(0)
    cycle = torch.eye(3).roll(1, dims=1).double()  # 0 → 1 → 2 → 0
    tokens = sampled(cycle[None].expand(20, 3, 3), 11, generator)
    assert torch.equal(tokens[:, 1:], (tokens[:, :-1] + 1) % 3)
    assert set(tokens[:, 0].tolist()) == {0, 1, 2}
    chain = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]]).double()
    tokens = sampled(chain[None].expand(4000, 3, 3), 21, generator)
    pairs = torch.zeros(3, 3).index_put(
        (tokens[:, :-1].flatten(), tokens[:, 1:].flatten()), torch.tensor(1.0), True
    )
    found = pairs / pairs.sum(dim=1, keepdim=True)
    assert float((found - chain).abs().max()) < 5 * 0.5 / (pairs.sum(1).min() ** 0.5)  # five standard errors
    still = torch.bincount(tokens[:, -1], minlength=3) / 4000
    assert float((still - gl.theory.stationary_distribution(chain)).abs().max()) < 5 * 0.5 / 4000**0.5


def test_priors_have_the_variance_that_is_said():
    generator = torch.Generator().manual_seed(0)
    for draw in (gl.theory.draw_chains, gl.theory.draw_doubly_stochastic):
        for states, concentration in ((2, 1.0), (4, 1.0), (3, 2.0)):
            chains = draw(20_000, states, generator, concentration)
            torch.testing.assert_close(chains.sum(dim=2), torch.ones(20_000, states).double())
            expected = (1 / states) * (1 - 1 / states) / (1 + states * concentration)
            assert float(chains.var(dim=0).mean()) == pytest.approx(expected, rel=0.03)
    balanced = gl.theory.draw_doubly_stochastic(5, 3, generator)
    torch.testing.assert_close(balanced.sum(dim=1), torch.ones(5, 3).double())


def test_the_chains_of_the_probe_are_those_that_made_it():
    certain = gl.tasks.MarkovChains(states=3, length=40, concentration=0.02)
    chains, tokens = certain.probe_chains, certain.inputs
    taken = chains[torch.arange(512)[:, None], tokens[:, :-1], tokens[:, 1:]]
    assert float(taken.mean()) > 0.95
    mixture = gl.tasks.MarkovChains(states=3, length=40, chains=4, seed=2)
    assert {tuple(each.flatten().tolist()) for each in mixture.probe_chains} == {
        tuple(each.flatten().tolist()) for each in mixture.mixture
    }


def test_what_is_added_to_counts_is_best():
    for prior in ("dirichlet", "doubly stochastic"):
        task = gl.tasks.MarkovChains(states=3, length=20, prior=prior)
        snapshot = gl.Snapshot(gl.hooked(Uniformly()), task)
        for context in range(3):
            own = task.references[1 + context]
            added = [own.pseudocount * factor for factor in (0.25, 1.0, 4.0)]
            losses = [
                gl.measures.stages(snapshot, [gl.theory.InContext(3, context, each)])["reference_loss"].item()
                for each in added
            ]
            assert losses[1] < losses[0]
            assert losses[1] < losses[2] + 1e-3  # where unigrams say nothing, more is never worse
    assert gl.tasks.MarkovChains(3, 20, concentration=0.5).reference.pseudocount == 0.5  # Bayes optimal


def test_references_are_ordered_by_what_they_know():
    table = gl.measures.stages(gl.Snapshot(gl.hooked(Uniformly()), TASK))
    loss = table["reference_loss"]
    assert list(loss["reference"].values) == ["uniform", "unigram", "bigram", "trigram"]
    uniform, unigram, bigram, trigram = loss.values
    assert bigram < trigram < uniform
    assert bigram < unigram < uniform
    assert table["stage"].item() == "uniform"
    known = gl.tasks.MarkovChains(states=3, length=12, chains=4)
    loss = gl.measures.stages(gl.Snapshot(gl.hooked(Uniformly()), known))["reference_loss"]
    assert float(loss.sel(reference="retrieval")) == float(loss.min())  # the Bayes predictor of a mixture


class Uniformly(torch.nn.Module):
    def forward(self, tokens):
        return torch.zeros(*tokens.shape, 3)


def test_its_specification_makes_it_again():
    given = gl.tasks.MarkovChains(2, 9, chains=[[[0.9, 0.1], [0.3, 0.7]]])
    assert given.name == "one Markov chain of 2 states"
    for task in (
        TASK,
        given,
        gl.tasks.MarkovChains(4, 9, "doubly stochastic", chains=3, concentration=0.5, seed=2),
    ):
        again = task_from_spec(json.loads(json.dumps(task.spec())))
        assert again == task
        assert again.digest == task.digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"states": 1},
        {"length": 1},
        {"prior": "uniform"},
        {"concentration": 0},
        {"chains": 0},
        {"chains": [[[0.5, 0.5], [0.5, 0.5]]]},
        {"seed": -1},
    ],
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises(BadArgument, match=next(iter(wrong))):
        gl.tasks.MarkovChains(**wrong)


def test_it_is_trained_and_after_a_kill_resumed_to_the_same_bits(tmp_path, monkeypatch):
    recipe = gl.Recipe(
        task=TASK, batch_size=16, steps=20, keep=gl.Every(10), evaluate_every=10,
        model=gl.Transformer(n_layers=2, d_model=8, n_heads=1, d_head=8, d_mlp=None, positions="rotary"),
    )  # fmt: skip
    whole = gl.train(recipe, into=tmp_path / "whole", progress=False)
    step = Stack.step

    def stopping(self, losses, update):
        if update == 13:
            raise KeyboardInterrupt
        step(self, losses, update)

    with monkeypatch.context() as patched:
        patched.setattr(Stack, "step", stopping)
        with pytest.raises(KeyboardInterrupt):
            gl.train(recipe, into=tmp_path / "killed", progress=False)
    again = gl.train(recipe, into=tmp_path / "killed", progress=False)
    for name, value in whole.final.model.state_dict().items():
        assert torch.equal(value, again.final.model.state_dict()[name]), name
    assert gl.load(tmp_path / "killed").task == TASK
    assert (
        "positions"
        not in gl.Recipe(task=TASK, batch_size=1, steps=1, model=gl.Transformer()).to_dict()["model"]
    )
