"""Two languages: what carries over, and what would refute that."""

import numpy as np
import pytest

SHARES = (0.0, 0.1, 0.5, 1.0)
#: As predicted: sums in B come with shared contexts, in the language that answered, and words align with them.
PLANTED = {
    "concept": [0.1, 0.5, 0.9, 0.95],
    "concept_shuffled": [0.05, 0.05, 0.05, 0.05],
    "known": [0.99, 0.99, 0.99, 0.99],
    "in_a": [0.09, 0.49, 0.89, 0.94],
    "in_b": [0.01, 0.01, 0.01, 0.01],
    "translation": [0.1, 0.7, 0.95, 1.0],
    "translation_shuffled": [0.05, 0.04, 0.05, 0.04],
    "put_in": [0.9, 0.9, 0.9, 0.95],
    "put_in_third": [0.03, 0.03, 0.03, 0.03],
    "put_back": [0.1, 0.5, 0.9, 0.95],
}
KIND = {
    "concept": 0.1,
    "known": 0.99,
    "in_a": 0.1,
    "in_b": 0.0,
    "translation": 0.95,
    "translation_shuffled": 0.05,
}
KINDS = {
    "counting": {},
    "mixed_without_dictionary": {"concept": 0.9},
    "mixed_against_dictionary": {"concept": 0.85},
    "answered_as_begun": {"in_a": 0.0, "in_b": 0.9},
    "maxima_apart": {},
    "maxima_mixed": {"concept": 0.2},
}


@pytest.fixture
def judge(study_named, planted, judged):
    study = study_named("across_languages")

    def verdicts(kinds=(), **rows):
        along = planted("share", SHARES, PLANTED | rows)
        others = {
            name: {key: (value * np.array([0.99, 1, 1.01])).tolist() for key, value in (KIND | own).items()}
            for name, own in (KINDS | dict(kinds)).items()
        }
        return judged(study, {"along": along, "others": others})

    return verdicts


def test_what_is_predicted_is_supported(judge):
    assert set(judge().values()) == {"supported"}


def test_what_is_known_without_contexts_refutes_that_they_are_needed(judge):
    flat = [0.95, 0.95, 0.95, 0.95]
    found = judge(concept=flat, concept_shuffled=flat)
    assert (found["carries_over"], found["more_with_more"]) == ("refuted", "refuted")
    assert judge(concept_shuffled=[0.05, 0.05, 0.05, 0.96])["carries_over"] == "refuted"
    assert judge(concept=[0.94, 0.95, 0.95, 0.95])["carries_over"] == "undecided"  # seeds overlap


def test_fewer_sums_with_more_contexts_refute(judge):
    assert judge(concept=[0.9, 0.5, 0.3, 0.1])["more_with_more"] == "refuted"


def test_answers_in_the_language_that_was_never_taught_refute(judge):
    assert judge(in_a=[0, 0, 0, 0.1], in_b=[0, 0, 0, 0.85])["answered_where_taught"] == "refuted"


def test_equals_that_know_as_much_refute_that_alignment_is_not_enough(judge):
    assert judge({"maxima_mixed": {"concept": 0.95}})["alignment_is_not_enough"] == "refuted"
    assert (
        judge({"maxima_mixed": {"translation": 0.4}})["alignment_is_not_enough"] == "undecided"
    )  # no equals
    chance = {"translation": 0.05, "translation_shuffled": 0.06}
    assert judge({"maxima_mixed": chance})["alignment_is_not_enough"] == "undecided"  # not aligned


def test_a_sum_put_in_and_not_answered_refutes_that_the_way_to_it_fails(judge):
    assert judge(put_in=[0.03, 0.03, 0.9, 0.9])["fails_before_the_sum"] == "refuted"
    known_by_itself, seeds_overlap = [0.1, 0.1, 0.9, 0.9], [0.101, 0.1, 0.9, 0.9]
    assert judge(put_in=known_by_itself)["fails_before_the_sum"] == "refuted"
    assert judge(put_in=seeds_overlap)["fails_before_the_sum"] == "undecided"


def test_nothing_is_decided_where_sums_are_not_known_in_a(judge):
    unknown = judge({"maxima_mixed": {"known": 0.4}}, known=[0.5, 0.5, 0.5, 0.5])
    decided = {key for key, verdict in unknown.items() if verdict != "undecided"}
    assert decided == {"needs_no_dictionary", "language_follows_contexts"}


def test_asides_can_be_refuted_too(judge):
    assert (
        judge({"mixed_against_dictionary": {"concept": 0.05}, "mixed_without_dictionary": {"concept": 0.05}})[
            "needs_no_dictionary"
        ]
        == "refuted"
    )
    assert judge({"answered_as_begun": {"in_a": 0.9, "in_b": 0.0}})["language_follows_contexts"] == "refuted"


def test_a_rank_correlation_counts_ties_by_half(study_named, planted):
    study = study_named("across_languages")
    kept = study.Kept(
        planted("share", SHARES, PLANTED | {"concept": [0, 0, 1, 1], "known": [1, 1, 1, 1]}), {}
    )
    assert study.rank_correlations(kept, "concept") == pytest.approx(2 / 5**0.5)
    assert study.rank_correlations(kept, "known").tolist() == [0, 0, 0]
