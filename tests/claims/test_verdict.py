"""The rule from findings to a verdict, on every combination of what the counted findings can be."""

import itertools

import pytest

from groklens.claims import COUNTED, Finding, counted, counted_with, verdict_of

KEYS = [key for sites in COUNTED.values() for key in sites]
VERDICTS = ("supported", "refuted", "undecided")


def finding(key, verdict):
    return Finding(f"claim of {key}", 0.5, "accuracy", verdict, key=key)


def findings(verdicts, general="supported"):
    asked = zip(KEYS, verdicts, strict=True)
    return [finding("generalises", general), *(finding(key, verdict) for key, verdict in asked if verdict)]


@pytest.mark.parametrize("verdicts", list(itertools.product((*VERDICTS, None), repeat=4)))
def test_supported_needs_each_question_supported_somewhere_and_refuted_nowhere(verdicts):
    sufficiency, necessity = verdicts[:2], verdicts[2:]
    holds = all("supported" in sites and "refuted" not in sites for sites in (sufficiency, necessity))
    assert verdict_of(findings(verdicts)) == ("supported" if holds else "undecided")


@pytest.mark.parametrize("general", ["refuted", "undecided"])
def test_a_model_that_is_not_known_to_generalise_does_not_do_so_by_a_circuit(general):
    assert verdict_of(findings(["supported"] * 4, general)) == general


def test_a_circuit_of_every_component_is_never_more_than_undecided():
    assert verdict_of(findings(["supported"] * 4)) == "supported"
    assert verdict_of(findings(["supported"] * 4), everything=True) == "undecided"


def test_what_does_not_count_decides_nothing():
    beside = [
        finding(key, "refuted") for key in ("necessity.neurons", "sufficiency.embeddings", "rules.agree")
    ]
    assert verdict_of([*findings(["supported"] * 4), *beside]) == "supported"


def test_nothing_said_is_undecided():
    assert verdict_of([]) == "undecided"


def test_a_claim_or_its_place_in_the_list_means_nothing():
    asked = findings(["supported", "undecided", "supported", "refuted"])
    assert verdict_of(asked[::-1]) == verdict_of(asked) == "undecided"
    assert list(counted(asked[::-1])) == KEYS
    assert counted_with("undecided", asked) == ["sufficiency of the per-neuron fits"]
    assert counted_with("refuted", asked) == ["necessity at the read-out"]
