"""Two languages: what is taught and what is not, labels in the language that answers, and training as of any task."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import TwoLanguages, task_from_spec

TASK = TwoLanguages(p=5, code_switching=0.5)
RECIPE = gl.Recipe(
    task=TASK,
    model=gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=16),
    optimizer=gl.AdamW(lr=1e-2),
    train_fraction=0.8,
    batch_size=16,
    steps=12,
    evaluate_every=4,
    keep=gl.Every(6),
)
MADE = {
    "p": st.integers(3, 6),
    "code_switching": st.sampled_from([0.0, 0.3, 1.0]),
    "dictionary": st.sampled_from(["both", "none", "shuffled"]),
    "switched": st.sampled_from(["sum", "difference", "max"]),
    "answers": st.sampled_from(["A", "first"]),
    "seed": st.integers(0, 3),
}


def meaning(task, input_, label):
    """What a sentence asks and its answer, as numbers and languages, by the names of the tokens alone."""
    first, second, sign = (task.token_names[token] for token in input_)
    return first, second, sign, task.token_names[label]


@settings(max_examples=20, deadline=None)
@given(st.fixed_dictionaries(MADE))
def test_every_sentence_is_answered_with_its_number_in_its_language(fields):
    task = TwoLanguages(**fields)
    p, translated = task.p, task.translations.tolist()
    for input_, label in zip(task.inputs.tolist(), task.labels.tolist(), strict=True):
        first, second, sign, answer = meaning(task, input_, label)
        a, b, number = (int(word[1:]) for word in (first, second, answer))
        spoken, said = first[0] + second[0], answer[0]
        if sign == "next":
            assert (b, number, said) == ((a + 1) % p, (a + 2) % p, spoken[0])
        elif sign == "translate":
            assert number == (translated[a] if first[0] == "A" else translated.index(a))
            assert said != first[0]
        else:
            assert number == {"+": (a + b) % p, "−": (a - b) % p, "max": max(a, b)}[sign]
            mixed = first[0] if task.answers == "first" else "A"
            assert said == (spoken[0] if spoken in ("AA", "BB") else mixed)


@settings(max_examples=20, deadline=None)
@given(st.fixed_dictionaries(MADE), st.integers(0, 3))
def test_no_sum_is_taught_in_the_other_language(fields, seed):
    task = TwoLanguages(**fields)
    train, test = task.split(0.6, seed)
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(task.inputs)))
    taught = set(train.tolist())
    n_pairs = int(0.6 * task.p**2)
    counted = {
        spoken: len(taught & set(task.rows("sum", spoken).tolist())) for spoken in ("AA", "AB", "BA", "BB")
    }
    assert (counted["AA"], counted["BB"]) == (n_pairs, 0)
    mixed = [set(task.rows(task.switched, spoken).tolist()) & taught for spoken in ("AB", "BA")]
    assert sum(map(len, mixed)) == round(task.code_switching * 2 * n_pairs)
    for what in {"next", "translate"} - ({"translate"} if task.dictionary == "none" else set()):
        assert all(set(task.rows(what, language).tolist()) <= taught for language in "AB")
    pairs = [rows[0] for rows in (task.rows(task.switched, spoken) for spoken in ("AA", "AB", "BA"))]
    monolingual = {row - int(pairs[0]) for row in taught & set(task.rows(task.switched, "AA").tolist())}
    for first, sentences in zip(pairs[1:], mixed, strict=True):
        assert {
            row - int(first) for row in sentences
        } <= monolingual  # what is not taught in A is taught in no way


def test_a_larger_share_teaches_what_a_smaller_did_and_more():
    taught = [
        set(TwoLanguages(p=7, code_switching=share).split(0.7, 2)[0].tolist()) for share in (0, 0.2, 0.6, 1)
    ]
    assert all(less < more for less, more in pairwise(taught))


def test_the_seed_chooses_sentences_and_the_shuffled_dictionary_and_nothing_else():
    tasks = [TwoLanguages(p=7, dictionary="shuffled", seed=seed) for seed in (0, 1)]
    first, second = (set(task.split(0.7, 2)[0].tolist()) for task in tasks)
    for task in tasks:
        assert sorted(task.translations.tolist()) == list(range(7))
    assert tasks[0].translations.tolist() != tasks[1].translations.tolist()
    assert first != second
    assert first & set(tasks[0].rows("sum", "AA").tolist()) == second & set(
        tasks[1].rows("sum", "AA").tolist()
    )
    assert torch.equal(*(task.labels[task.rows("sum", "BB")] for task in tasks))


def test_it_comes_back_from_its_specification():
    assert task_from_spec(TASK.spec()) == TASK
    assert TwoLanguages(code_switching=1).spec() == TwoLanguages(code_switching=1.0).spec()
    assert TASK.name == "a+b mod 5 in two languages, 50% of sums mixed"
    assert TASK.grid is TASK.symmetry is None
    assert [TASK.token_names[each] for each in TASK.words[1].tolist()] == ["B0", "B1", "B2", "B3", "B4"]


def test_a_killed_run_ends_with_the_same_bits(tmp_path, monkeypatch):
    from groklens.training import loop

    def killed(text, step, total):
        if step == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            gl.train(RECIPE, into=tmp_path / "run", resume_every=0.0)
    again = gl.train(RECIPE, into=tmp_path / "run").final.model.state_dict()
    whole = gl.train(RECIPE, into=tmp_path / "whole").final.model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in whole.items())


def test_seeds_are_trained_at_once(tmp_path):
    recipes = [replace(RECIPE, seed=seed, task=replace(TASK, seed=seed), batch_size=None) for seed in (0, 1)]
    runs = gl.train_many(recipes, into=tmp_path / "runs")
    alone = gl.train(recipes[0], into=tmp_path / "alone")
    assert "2 stacked" in runs[0].environment["engine"]
    for name, value in alone.final.model.state_dict().items():
        torch.testing.assert_close(runs[0].final.model.state_dict()[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TwoLanguages(code_switching=1.5), "code_switching is 1.5; give the share"),
        (lambda: TwoLanguages(p=2), "p is 2"),
        (lambda: TwoLanguages(dictionary="one way"), "choose one of 'both', 'none', 'shuffled'"),
        (lambda: TASK.rows("sum", "B"), "asks sum in AA, sum in AB"),
        (lambda: TASK.split(0.001, 0), "is less than one input"),
    ],
)
def test_what_makes_no_two_languages_is_refused(make, said):
    with pytest.raises(BadArgument, match=said):
        make()
