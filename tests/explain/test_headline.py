"""The headline says what the findings say, and names what they leave open."""

from types import SimpleNamespace

import pytest

import groklens as gl
from groklens.explain.headline import headline

KEYS = ("sufficiency.logits", "sufficiency.neurons", "necessity.logits", "necessity.readout")


def explained(verdicts, verdict="supported", components=(2, 5), algorithm="clock"):
    """An explanation of a model that generalises, with these verdicts on what counts."""
    asked = zip(KEYS, verdicts, strict=True)
    findings = [gl.Finding("right", 1.0, "accuracy", "supported", key="generalises")]
    findings += [gl.Finding("claim", 1.0, "accuracy", each, key=key) for key, each in asked]
    return SimpleNamespace(
        run="mine", task="a+b mod 13", generalised=True, algorithm=algorithm, verdict=verdict,
        circuit=gl.Circuit("C13", components), findings=findings,
    )  # fmt: skip


def test_all_supported_is_said_without_more():
    said = headline(explained(["supported"] * 4))
    assert (
        said == "mine (a+b mod 13) generalises by a clock-like circuit on frequencies 2, 5 of C13: supported."
    )


@pytest.mark.parametrize(
    ("undecided", "named"),
    [
        ((0,), "as sufficiency at the logits is undecided"),
        ((1,), "as sufficiency of the per-neuron fits is undecided"),
        ((0, 3), "as sufficiency at the logits and necessity at the read-out are undecided"),
    ],
)
def test_what_is_undecided_makes_it_in_part_and_is_named(undecided, named):
    verdicts = ["undecided" if place in undecided else "supported" for place in range(4)]
    assert headline(explained(verdicts)).endswith(f": supported in part, {named}.")


def test_what_is_refuted_is_named():
    said = headline(explained(["supported", "refuted", "supported", "supported"], verdict="undecided"))
    assert said.endswith(": undecided, as sufficiency of the per-neuron fits is refuted.")


def test_every_component_is_no_circuit():
    said = headline(explained(["undecided"] * 4, "undecided", range(1, 7)))
    assert "every component of C13 is key, so that no circuit can be told from the whole: undecided" in said


def test_neither_clock_nor_pizza_is_a_circuit():
    assert "by a circuit on frequencies 2, 5" in headline(explained(["supported"] * 4, algorithm="irreps"))
