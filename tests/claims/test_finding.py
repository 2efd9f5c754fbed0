import json
from html import escape

import pytest

import groklens as gl
from groklens.claims import Control, Finding


def test_a_control_is_mean_and_range_of_its_draws():
    control = Control.of("draws", [0.25, 1.0, 0.25])
    assert (control.mean, control.low, control.high, control.draws) == (0.5, 0.25, 1.0, 3)
    assert str(control) == "draws: 0.5 (0.25 to 1, 3 draws)"
    assert str(Control.of("one", [0.5])) == "one: 0.5"


def test_a_finding_prints_its_claim_number_controls_and_note():
    finding = Finding("it rains", 0.25, "share", "refuted", (Control.of("sun", [1.0]),), note="look outside")
    assert str(finding) == '[refuted] "it rains": 25 %\n      sun: 100 %\n      look outside'
    assert (
        str(Finding("unknown", None, "", "undecided", note="not asked"))
        == '[undecided] "unknown"\n      not asked'
    )


@pytest.mark.parametrize("verdict", ["supported", "refuted", "undecided"])
def test_a_claim_that_is_not_supported_is_quoted_and_not_asserted(verdict):
    finding = Finding("the model is correct", 0.124, "accuracy", verdict)
    said = "the model is correct" if verdict == "supported" else '"the model is correct"'
    assert str(finding) == f"[{verdict}] {said}: accuracy 12.4 %"
    assert f">{escape(said)}<" in gl.views.findings(finding).body
    assert finding.to_dict()["claim"] == "the model is correct"


def test_a_finding_is_json_values():
    finding = Finding("it rains", 0.25, "share", "refuted", (Control.of("sun", [1.0]),), source="sky")
    values = json.loads(json.dumps(finding.to_dict()))
    assert set(values) == {"claim", "value", "units", "controls", "verdict", "source", "note"}
    assert values["controls"] == [{"name": "sun", "mean": 1.0, "low": 1.0, "high": 1.0, "draws": 1}]


def test_a_finding_with_a_key_is_known_by_it():
    values = Finding("it rains", 0.25, "share", "refuted", key="weather.rain", role="aside").to_dict()
    assert (values["key"], values["role"]) == ("weather.rain", "aside")


def test_a_finding_comes_back_from_its_values():
    control = Control.of("random", [0.1, 0.2], key="random")
    for finding in (
        Finding("it rains", 0.5, "share", "refuted", (control,), "ours", "seen", "rain", "aside"),
        Finding("it rains", None, "share", "undecided"),
    ):
        assert Finding.from_dict(finding.to_dict()) == finding
