"""Measures of two languages: a model of tied embeddings transfers, one of shuffled ones does not, and the controls."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import planted_bilingual
from groklens.measures import (
    ConceptAccuracy,
    EmbeddingCKA,
    LanguageAccuracy,
    LanguageShare,
    WordTranslation,
)

P = 11
TASK = gl.tasks.TwoLanguages(p=P)
SHUFFLED = torch.randperm(P, generator=torch.Generator().manual_seed(1))


def planted(meanings=None):
    return gl.Snapshot(planted_bilingual(TASK, [1, 2], meanings), TASK)


def test_tied_embeddings_transfer_whatever_the_language_spoken():
    tied = planted()
    assert all(ConceptAccuracy(spoken)(tied) == 1 for spoken in ("AA", "AB", "BA", "BB"))
    assert EmbeddingCKA()(tied) == pytest.approx(1)
    assert WordTranslation()(tied) == 1
    assert ConceptAccuracy(shuffled=True)(tied) < 0.2
    assert WordTranslation(shuffled=True)(tied) == pytest.approx(1 / P, abs=0.1)
    assert EmbeddingCKA(shuffled=True)(tied) < 0.7


def test_shuffled_embeddings_do_not():
    other = planted(SHUFFLED)
    assert ConceptAccuracy("AA")(other) == 1
    assert ConceptAccuracy()(other) < 0.3
    assert WordTranslation()(other) < 0.5
    assert EmbeddingCKA()(other) < 0.7


def test_a_dictionary_that_is_known_to_be_shuffled_is_as_good_as_the_true_one():
    """Measures judge by what words mean: renamed by the planted meanings, all is as it was."""
    other = planted(SHUFFLED)
    dictionary = SHUFFLED.argsort()  # where the word of each number stands
    assert ConceptAccuracy().by(other, dictionary) == 1
    assert WordTranslation().by(other, dictionary) == 1
    assert EmbeddingCKA().by(other, dictionary) == pytest.approx(1)


def test_a_rotated_copy_has_the_same_shape_in_another_place():
    model = planted_bilingual(TASK, [1, 2])
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0)))[0]
    with torch.no_grad():
        model.W_E[P : 2 * P] = 3 * model.W_E[P : 2 * P] @ turn + 1
    snapshot = gl.Snapshot(model, TASK)
    assert EmbeddingCKA()(snapshot) == pytest.approx(1, abs=1e-5)
    assert WordTranslation()(snapshot) < 0.7


def test_the_language_of_the_answer_is_told_apart_from_its_number():
    tied = planted()
    assert LanguageAccuracy(answer="A")(tied) == 1
    assert LanguageAccuracy(answer="B")(tied) == 0
    assert LanguageAccuracy(answer="B", within=True)(tied) < 0.2  # every word of B has the same logit
    assert LanguageShare(answer="A")(tied) + LanguageShare(answer="B")(tied) == pytest.approx(1)
    assert LanguageShare(answer="A")(tied) > 0.99
    model = tied.model
    with torch.no_grad():
        model.W_U[:, P:] = 2 * model.W_U[:, :P]
    bilingual = gl.Snapshot(model, TASK)
    assert (
        LanguageAccuracy(answer="B")(bilingual) == LanguageAccuracy(answer="A", within=True)(bilingual) == 1
    )
    assert LanguageAccuracy(answer="A")(bilingual) == 0
    assert ConceptAccuracy()(bilingual) == 1


def test_sums_that_were_taught_do_not_count():
    train, _ = TASK.split(0.8, seed=0)
    taught = gl.Snapshot(planted_bilingual(TASK, [1, 2], SHUFFLED), TASK, train_index=train)
    assert ConceptAccuracy("AA")(taught) == 1
    everything = gl.Snapshot(taught.model, TASK, train_index=torch.arange(len(TASK.labels) - 1))
    with pytest.raises(BadArgument, match="Every sum spoken 'AA' was taught"):
        ConceptAccuracy("AA")(everything)


def test_they_are_tracked_by_name():
    table = gl.track(planted(), "LANGUAGES")
    assert {"concept_accuracy", "embedding_cka_shuffled", "language_accuracy_answer_A"} <= set(table)
    assert float(table["concept_accuracy"][0]) == 1


def test_what_is_not_of_two_languages_is_refused():
    clock = gl.ModularArithmetic(7)
    with pytest.raises(
        BadArgument, match=r"needs a task that is said in two languages, and a\+b mod 7 is not"
    ):
        ConceptAccuracy()(gl.Snapshot(gl.planted(clock, [1]), clock))
    for make, said in (
        (lambda: ConceptAccuracy("A"), "spoken is 'A'"),
        (lambda: LanguageShare("BB", "C"), "'C'"),
    ):
        with pytest.raises(BadArgument, match=said):
            make()
    with pytest.raises(BadArgument, match="every number from 0 to 10 once"):
        planted_bilingual(TASK, [1], [0, 0, *range(2, P)])
