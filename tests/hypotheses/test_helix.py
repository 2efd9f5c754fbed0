"""A helix is found where numbers are one, and where they are a table, a polynomial, or nothing adds, it is not."""

import math

import pytest
import torch

import groklens as gl
from adder import OPERANDS, PERIODS, N, adds, helix, shaped, table
from groklens.claims import by_key
from groklens.errors import BadArgument, UnknownName
from groklens.harmonics import polynomial_basis
from groklens.hypotheses import Helix

HELIX = Helix(PERIODS, "hook_embed", "a")
CAUSAL = ("sufficiency.activation", "necessity.activation")


def verdicts(snapshot, hypothesis=HELIX):
    found = by_key(gl.examine(snapshot, hypothesis))
    return {key: found[key].verdict for key in ("adds", "numbers.helix", *CAUSAL)}


def test_a_planted_helix_is_sufficient_and_necessary():
    snapshot = adds(helix())
    assert verdicts(snapshot) == dict.fromkeys(("adds", "numbers.helix", *CAUSAL), "supported")
    assert snapshot.model.training  # as it was


def test_states_in_no_order_are_no_helix():
    found = verdicts(adds(table()))
    assert found["sufficiency.activation"] == "refuted"
    assert found["numbers.helix"] == "refuted"


def test_a_polynomial_is_no_helix():
    found = by_key(gl.examine(adds(shaped(polynomial_basis(OPERANDS, 3))), HELIX))
    assert found["sufficiency.activation"].verdict != "supported"
    assert found["numbers.helix"].verdict != "supported"


def test_other_periods_are_not_those_of_the_numbers():
    assert verdicts(adds(helix()), Helix((3, 7, 11, 13), "hook_embed"))["sufficiency.activation"] == "refuted"


def test_where_nothing_is_added_there_is_nothing_to_explain():
    snapshot = adds(helix(), wrong=True)
    found = by_key(gl.examine(snapshot, HELIX))
    assert found["adds"].verdict == "refuted"
    assert found["numbers.helix"].verdict == "supported"  # the shape is there all the same
    for key in CAUSAL:
        assert found[key].verdict == "undecided"
        assert found[key].value is None
        assert "no addition to be explained" in found[key].note


def test_its_part_is_removed_and_kept_by_hand_too():
    snapshot = adds(helix())
    for operand in "ab":
        of = Helix(PERIODS, "hook_embed", operand)
        kept = gl.interventions.keep(snapshot, of, f"hook_embed@{operand}")
        assert gl.measures.all_accuracy(kept) == 1
        gone = gl.interventions.remove(snapshot, of, f"hook_embed@{operand}")
        assert gl.measures.all_accuracy(gone) < 0.2
    values = snapshot.activations("hook_embed", "a")
    part = HELIX.part(values, "hook_embed@a", snapshot)
    torch.testing.assert_close(part, values - values.mean(dim=0), atol=1e-5, rtol=0)


def test_it_is_tried_on_any_operand_that_a_table_has():
    task = gl.ModularArithmetic(13)
    snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task)
    found = verdicts(snapshot, Helix((13 / 2, 13 / 5), "hook_embed", "b"))
    assert found["sufficiency.activation"] == found["necessity.activation"] == "supported"


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Helix(()), "periods is"),
        (lambda: Helix((0.5,)), "above 1"),
        (lambda: Helix((math.nan,)), "a period is"),
        (lambda: gl.examine(adds(helix()), Helix(PERIODS, "hook_embed", "c")), "has 'a', 'b', 'sum'"),
        (lambda: gl.examine(adds(helix()), Helix(PERIODS, "hook_nowhere")), "hook_nowhere"),
        (lambda: gl.examine(adds(helix()), HELIX, sites="logits"), "cannot be tried at the logits"),
        (lambda: gl.interventions.keep(adds(helix()), HELIX, "nowhere"), "HOOK@POSITION"),
    ],
)
def test_what_is_no_helix_is_refused(make, match):
    with pytest.raises((BadArgument, UnknownName), match=match):
        make()


def test_numbers_are_few():
    assert len(OPERANDS) == N
