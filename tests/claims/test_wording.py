"""How numbers are written: three digits that say no more and no less than the number."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groklens.claims import change, interval, kind_of, named, number, percent, quantity


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.123"),
        (7.02e-5, "7.02 × 10⁻⁵"),
        (1e-10, "1 × 10⁻¹⁰"),
        (-2.86e-5, "−2.86 × 10⁻⁵"),
        (0.0, "0"),
        (999.9, "1,000"),
        (1234.5, "1,234"),
        (8_510_000.0, "8.51 × 10⁶"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_a_number_is_written_in_three_significant_digits(value, shown):
    assert number(value) == shown


@given(st.floats(min_value=1e-30, max_value=1e30))
def test_a_written_number_is_read_back_to_three_digits(value):
    shown = number(value).replace(",", "").replace(" × 10", "e")
    read = float(shown.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    assert read == pytest.approx(value, rel=0.006)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_all_and_none_are_said_of_all_and_none_alone(counts):
    right, total = counts
    shown = percent(right / total)
    assert (shown == "100 %") == (right == total)
    assert (shown == "0 %") == (right == 0)
    assert not re.search(r"\.( |$)", shown)
    assert right / total >= 0.99 or not shown.startswith("99")
    if shown.startswith("over"):
        assert right / total > 1 - 1e-6
        return
    read = float(re.sub(r" × 10(.*) %", lambda m: f"e{m[1]}", shown).replace(" %", "").translate(
        str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    ))  # fmt: skip
    assert read == pytest.approx(100 * right / total, rel=0.006)


def test_a_quantity_has_its_units_where_they_are_read():
    assert quantity(0.9896, "accuracy") == "accuracy 98.96 %"
    assert quantity(1.0, "share of neurons") == "100 % of neurons"
    assert quantity(0.5, "share") == "50 %"
    assert quantity(0.181, "cosine") == "cosine 0.181"
    assert quantity(3.7e-8, "nats") == "3.7 × 10⁻⁸ nats"
    assert quantity(None, "nats") == "–"


def test_components_are_named_as_what_they_are():
    assert named([14]) == "frequency 14"
    assert named([14, 35]) == "frequencies 14, 35"
    assert named(["standard", "a5_3d_a"]) == "irreps standard, a5_3d_a"
    assert named(["irrep_6"]) == "irrep_6"
    assert named(list(range(1, 20))) == "19 frequencies"


def test_a_moment_lies_between_two_kept_steps():
    assert interval((4800, 5600)) == "4,800–5,600"
    assert interval((0, 0)) == "0"
    assert interval(None) == "not reached"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.99, "99 %"),
        (0.98959, "98.95 %"),
        (0.99001, "99 %"),
        (0.99992, "99.992 %"),
        (1 - 1e-9, "over 99.9999 %"),
    ],
)
def test_what_is_near_the_whole_is_cut_and_not_rounded(share, shown):
    assert percent(share) == shown


def test_no_number_is_a_dash_in_per_cent_too():
    assert percent(math.nan) == "–"
    assert percent(-0.0) == "0 %"
    assert percent(-0.25) == "−25 %"


def test_a_change_has_its_sign_and_none_is_told_from_rounding():
    assert change(0.25, "nats") == "+0.25 nats"
    assert change(-0.25, "nats") == "−0.25 nats"
    assert change(0.0009, "nats") == change(-0.0009, "nats") == change(0.0, "nats") == "under 0.001 nats"


def test_components_of_a_cyclic_group_are_frequencies_and_irreps_elsewhere():
    assert (kind_of(14), kind_of(14, many=True)) == ("frequency", "frequencies")
    assert (kind_of("standard"), kind_of("standard", many=True)) == ("irrep", "irreps")
