"""N-gram predictors against counts by hand and by brute force; sampling against what is sampled from."""

import math
from collections import Counter
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.theory import NGrams, Predictor, sample

#: a b r a c a d a b r a, as 0 1 2 0 3 0 4 0 1 2 0.
TEXT = torch.tensor([0, 1, 2, 0, 3, 0, 4, 0, 1, 2, 0])


def said(order, context, text=TEXT, states=5):
    tokens = torch.tensor([context])
    return NGrams(text, order, states).log_probabilities(tokens)[0, -1].exp().tolist()


def test_order_0_is_uniform_and_order_1_counts_tokens():
    assert said(0, [2]) == pytest.approx([1 / 5] * 5)
    # 11 tokens, 5 different: (count + 5 · 1/5) / (11 + 5)
    assert said(1, [2]) == pytest.approx([6 / 16, 3 / 16, 3 / 16, 2 / 16, 2 / 16])


def test_a_bigram_by_hand():
    # a is followed by b twice, c and d once each: 4 times, by 3 different
    unigram = [6 / 16, 3 / 16, 3 / 16, 2 / 16, 2 / 16]
    by_hand = [(count + 3 * p) / 7 for count, p in zip([0, 2, 0, 1, 1], unigram, strict=True)]
    assert said(2, [0]) == pytest.approx(by_hand)
    # c is followed by a alone
    assert said(2, [3]) == pytest.approx([((each == 0) + p) / 2 for each, p in enumerate(unigram)])


def test_a_trigram_by_hand_and_where_there_is_none():
    bigram = said(2, [1])
    assert said(3, [0, 1]) == pytest.approx([(2 * (each == 2) + p) / 3 for each, p in enumerate(bigram)])
    assert said(3, [3, 1]) == pytest.approx(bigram)  # "cb" never came
    assert said(3, [1]) == pytest.approx(bigram)  # the first token has one token of context


def slow(order, context, text, states):
    """Witten–Bell by its definition, in fractions."""
    if order == 0:
        return [Fraction(1, states)] * states
    lower = slow(order - 1, context, text, states)
    if len(context) < order - 1:
        return lower
    own = context[len(context) - order + 1 :]
    places = range(len(text) - len(own))
    follow = Counter(text[place + len(own)] for place in places if text[place : place + len(own)] == own)
    total, different = sum(follow.values()), len(follow)
    if not total:
        return lower
    return [(follow[each] + different * lower[each]) / (total + different) for each in range(states)]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 5),
    st.lists(st.integers(0, 2), min_size=1, max_size=30),
    st.lists(st.integers(0, 2), min_size=1, max_size=7),
)
def test_every_row_is_the_definition(order, text, tokens):
    rows = NGrams(torch.tensor(text), order, 3).log_probabilities(torch.tensor([tokens, tokens]))
    assert rows.shape == (2, len(tokens), 3)
    for place in range(len(tokens)):
        by_definition = slow(order, tokens[: place + 1], text, 3)
        assert rows[1, place].exp().tolist() == pytest.approx([float(each) for each in by_definition])


def test_rows_are_distributions_without_zeros():
    generator = torch.Generator().manual_seed(0)
    text, tokens = (torch.randint(40, size, generator=generator) for size in ((1000,), (70, 9)))
    rows = NGrams(text, 4, 41).log_probabilities(tokens)
    assert rows.dtype == torch.float64
    assert torch.isfinite(rows).all()
    torch.testing.assert_close(rows.exp().sum(dim=-1), torch.ones(70, 9, dtype=torch.float64))


def test_they_are_predictors_and_come_in_a_row():
    every = NGrams(TEXT, 5, 5).up_to()
    assert [each.name for each in every] == ["uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram"]
    assert all(isinstance(each, Predictor) for each in every)
    uniform = gl.theory.Uniform(5).log_probabilities(TEXT[None])
    torch.testing.assert_close(every[0].log_probabilities(TEXT[None]), uniform)


def test_on_the_text_itself_a_higher_order_is_better():
    windows = TEXT[None]
    losses = [
        float(-each.log_probabilities(windows)[:, :-1].gather(-1, windows[:, 1:, None]).mean())
        for each in NGrams(TEXT, 4, 5).up_to()
    ]
    assert losses == sorted(losses, reverse=True)


def test_samples_are_distributed_as_the_predictor_says():
    bigram = NGrams(TEXT, 2, 5)
    before = torch.random.get_rng_state()
    drawn = sample(bigram, torch.zeros(4000, 1, dtype=torch.long), 3, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    expected = torch.tensor(said(2, [0]), dtype=torch.float64)
    for after, chances in ((drawn[:, 1], expected), (drawn[drawn[:, 1] == 3, 2], torch.tensor(said(2, [3])))):
        share = after.bincount(minlength=5).double() / len(after)
        error = (chances * (1 - chances) / len(after)).sqrt()
        assert bool(((share - chances).abs() < 4 * error).all())
    assert torch.equal(drawn, sample(bigram, torch.zeros(4000, 1, dtype=torch.long), 3, seed=1))
    assert not torch.equal(drawn, sample(bigram, torch.zeros(4000, 1, dtype=torch.long), 3, seed=2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NGrams([0, 1], 2, 2), "text is a list of 2"),
        (lambda: NGrams(torch.tensor([]), 2, 2), "text is a Tensor of shape"),
        (lambda: NGrams(TEXT, 2, 4), "tokens run from 0 to 4, and the predictor knows 4"),
        (lambda: NGrams(TEXT, -1, 5), "order is -1"),
        (lambda: NGrams(TEXT, 5, 10_000), r"10,000\^5 possible contexts"),
        (lambda: sample(NGrams, TEXT[None], 12), "A predictor is drawn from, and the class NGrams was given"),
        (lambda: sample(NGrams(TEXT, 1, 5), TEXT, 12), "starts is a Tensor of shape"),
        (lambda: sample(NGrams(TEXT, 1, 5), TEXT[None], 3), "length is 3"),
    ],
)
def test_what_is_none_is_refused(make, message):
    with pytest.raises(BadArgument, match=message):
        make()


def test_the_entropy_of_a_cycle_is_almost_none():
    cycle = torch.arange(3).repeat(1000)
    rows = NGrams(cycle, 2, 3).log_probabilities(cycle[None, :9])
    assert float(rows[0, 4].max()) > math.log(0.999)
