"""Reference predictors against enumeration over all chains of two states, and against counts by hand."""

import itertools
import math

import pytest
import torch
from numpy.polynomial.legendre import leggauss

import groklens as gl
from groklens.errors import BadArgument

#: Nodes and weights on [0, 1] with which integrals of polynomials up to degree 15 are exact.
NODES, WEIGHTS = (
    (torch.from_numpy(each) + shift) / 2 for each, shift in zip(leggauss(8), (1, 0), strict=True)
)


def every_chain():
    """Chains of two states by P(0→1) and P(1→0), uniform, which is Dirichlet(1), and their weights."""
    up, down = torch.cartesian_prod(NODES, NODES).T
    chains = torch.stack([torch.stack([1 - up, up], -1), torch.stack([down, 1 - down], -1)], dim=1)
    return chains, torch.cartesian_prod(WEIGHTS, WEIGHTS).prod(dim=1)


def test_the_bigram_is_the_bayes_predictor_of_dirichlet_chains():
    chains, weights = every_chain()
    for tokens in itertools.product((0, 1), repeat=5):
        seen = torch.tensor(tokens)
        likelihood = weights * chains[:, seen[:-1], seen[1:]].prod(dim=1)  # the first token is uniform
        exact = (likelihood[:, None] * chains[:, seen[-1]]).sum(0) / likelihood.sum()
        found = gl.theory.InContext(2, context=1).log_probabilities(seen[None])[0, -1].exp()
        torch.testing.assert_close(found, exact)


def test_the_unigram_is_the_bayes_predictor_of_independent_tokens():
    seen = torch.tensor([0, 1, 1, 1])
    likelihood = WEIGHTS * NODES**3 * (1 - NODES)
    exact = float((likelihood * NODES).sum() / likelihood.sum())
    found = gl.theory.InContext(2, context=0).log_probabilities(seen[None])[0, -1].exp()
    assert math.isclose(float(found[1]), exact, rel_tol=1e-9)


def test_retrieval_is_the_bayes_predictor_of_a_mixture():
    chains, prior = [[[0.9, 0.1], [0.3, 0.7]], [[0.2, 0.8], [0.5, 0.5]]], (0.25, 0.75)
    known = torch.tensor(chains, dtype=torch.float64)
    found = gl.theory.Retrieval(chains, prior).log_probabilities(torch.tensor([[0, 1, 1, 0]]))[0].exp()
    weight = torch.tensor(prior).double()
    torch.testing.assert_close(found[0], (weight[:, None] * known[:, 0]).sum(0))
    weight = weight * known[:, 0, 1] * known[:, 1, 1] * known[:, 1, 0]
    torch.testing.assert_close(found[3], (weight[:, None] * known[:, 0]).sum(0) / weight.sum())
    by_frequency = gl.theory.Retrieval(chains, context=0).log_probabilities(torch.tensor([[0]]))[0, 0].exp()
    still = torch.stack([gl.theory.stationary_distribution(chain) for chain in known])
    torch.testing.assert_close(by_frequency, (still[:, :1] * still).sum(0) / still[:, 0].sum())


def test_counts_in_context_by_hand():
    tokens = torch.tensor([[0, 1, 2, 0, 1, 0, 1]])
    unigram, bigram, trigram = (gl.theory.InContext(3, context=each) for each in range(3))
    assert [each.name for each in (unigram, bigram, trigram)] == ["unigram", "bigram", "trigram"]
    last = [each.log_probabilities(tokens)[0, -1].exp() for each in (unigram, bigram, trigram)]
    torch.testing.assert_close(last[0], torch.tensor([4, 4, 2]).double() / 10)
    torch.testing.assert_close(last[1], torch.tensor([2, 1, 2]).double() / 5)  # 1 → 2 and 1 → 0, once each
    torch.testing.assert_close(
        last[2], torch.tensor([2, 1, 2]).double() / 5
    )  # 0 1 → 2 and 0 1 → 0, once each
    for each in (bigram, trigram):  # nothing has followed yet
        torch.testing.assert_close(
            each.log_probabilities(tokens)[0, 0].exp(), torch.full((3,), 1 / 3).double()
        )


def test_a_reference_is_a_distribution_which_the_future_does_not_change():
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(3, (130, 9), generator=generator)
    chain = torch.full((1, 3, 3), 1 / 3)
    for each in (
        gl.theory.Uniform(3),
        *(gl.theory.InContext(3, n) for n in range(4)),
        gl.theory.Retrieval(chain),
    ):
        assert isinstance(each, gl.theory.Predictor)
        found = each.log_probabilities(tokens)
        assert found.dtype == torch.float64
        torch.testing.assert_close(found.exp().sum(-1), torch.ones(130, 9).double())
        torch.testing.assert_close(each.log_probabilities(tokens[:, :5]), found[:, :5])
        assert each.log_probabilities(tokens[:, :1]).shape == (130, 1, 3)


def test_the_stationary_distribution_where_a_published_one_is_wrong():
    found = gl.theory.stationary_distribution([[0.9, 0.1], [0.3, 0.7]])
    torch.testing.assert_close(found, torch.tensor([0.75, 0.25]).double())
    three = torch.tensor([[0.5, 0.5, 0], [0, 0.5, 0.5], [0.25, 0.25, 0.5]]).double()
    still = gl.theory.stationary_distribution(three)
    torch.testing.assert_close(still @ three, still)
    torch.testing.assert_close(torch.linalg.matrix_power(three, 200)[0], still)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: gl.theory.stationary_distribution([[0.9, 0.3], [0.1, 0.7]]),
        lambda: gl.theory.stationary_distribution("chain"),
        lambda: gl.theory.Retrieval([[0.5, 0.5]]),
        lambda: gl.theory.Retrieval([[[0.5, 0.5], [0.5, 0.5]]], weights=(0.5, 0.5)),
        lambda: gl.theory.InContext(2, context=-1),
        lambda: gl.theory.InContext(2, pseudocount=0),
        lambda: gl.theory.Uniform(0),
        lambda: gl.theory.InContext(2).log_probabilities(torch.tensor([[0, 2]])),
    ],
)
def test_what_is_no_chain_and_no_sequence_is_refused(wrong):
    with pytest.raises(BadArgument):
        wrong()
