"""A finding that an explanation has not is told from one that is not there at all, with the reason."""

import re

import pytest

import groklens as gl
from groklens.claims import FINDINGS
from groklens.errors import UnknownName
from groklens.explain.not_asked import _ASKED, _OF_A_CIRCUIT

TASK = gl.ModularArithmetic(13, "add")


@pytest.fixture(scope="module")
def untrained():
    return gl.explain(gl.MLP(d_mlp=16).build(TASK, 0), TASK)


@pytest.fixture(scope="module")
def planted():
    return gl.explain(gl.planted(TASK, [2, 5]), TASK)


def test_every_key_is_known_with_what_it_is_asked_of():
    assert _OF_A_CIRCUIT | set(_ASKED) | {"generalises", "circuit"} == set(FINDINGS)


def test_every_call_that_it_names_is_there():
    named = {name for said in _ASKED.values() for name in re.findall(r"gl\.([\w.]+)\(", said)}
    assert {"examine", "measures.learning_coefficient"} <= named
    for name in named:
        found = gl
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found)


def test_every_key_says_why(untrained, planted):
    for why in (untrained, planted):
        for key in FINDINGS.keys() - {finding.key for finding in why.findings}:
            with pytest.raises(UnknownName, match=rf"'{re.escape(key)}' was not asked of \w+: it .*\."):
                why.finding(key)


@pytest.mark.parametrize("key", ["necessity.logits", "sufficiency.neurons", "clusters.carry"])
def test_without_a_circuit_nothing_is_asked_of_one(untrained, key):
    with pytest.raises(
        UnknownName, match=r"of a circuit, and none was found \(whether it generalises cannot be told"
    ):
        untrained.finding(key)


def test_where_a_circuit_is_found_it_is_not_said_that_none_is(planted):
    with pytest.raises(UnknownName, match="here one is"):
        planted.finding("circuit")


def test_what_is_misspelt_is_asked_back_where_nothing_like_it_was_asked(untrained):
    with pytest.raises(
        UnknownName, match=r"no finding 'necesity\.logits' here; did you mean 'necessity\.logits'"
    ):
        untrained.finding("necesity.logits")
    with pytest.raises(UnknownName, match="no finding 'weather' here; the keys are generalises, circuit"):
        untrained.finding("weather")
