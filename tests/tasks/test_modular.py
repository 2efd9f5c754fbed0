"""Modular arithmetic against Python's own integers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.tasks import ModularArithmetic, task_from_spec
from groklens.tasks.modular import OPERATIONS

PRIMES = st.sampled_from([3, 5, 7, 11, 13])

#: Every operation written again, for one pair of residues.
NAIVE = {
    "add": lambda a, b, p: a + b,
    "sub": lambda a, b, p: a - b,
    "mul": lambda a, b, p: a * b,
    "div": lambda a, b, p: a * pow(b, -1, p),
    "a^2+b": lambda a, b, p: a * a + b,
    "a^3+b": lambda a, b, p: a * a * a + b,
    "a^2+b^2": lambda a, b, p: a * a + b * b,
    "a^2+ab+b^2": lambda a, b, p: a * a + a * b + b * b,
    "a^2+ab+b^2+a": lambda a, b, p: a * a + a * b + b * b + a,
    "a^3+ab": lambda a, b, p: a * a * a + a * b,
    "a^3+ab^2+b": lambda a, b, p: a * a * a + a * b * b + b,
    "div_or_sub": lambda a, b, p: a * pow(b, -1, p) if b % 2 else a - b,
    "add_or_mul": lambda a, b, p: a * b if a % 2 else a + b,
}


def test_every_operation_is_checked_here():
    assert set(NAIVE) == set(OPERATIONS)


@settings(max_examples=60, deadline=None)
@given(p=PRIMES, op=st.sampled_from(OPERATIONS))
def test_labels_are_those_of_python_integers(p, op):
    task = ModularArithmetic(p, op)
    first = 1 if op in ("mul", "div") else 0
    expected = [NAIVE[op](a, b, p) % p - first for a in range(first, p) for b in range(first, p)]
    assert task.labels.tolist() == expected
    assert task.inputs.tolist() == [
        [a, b, task.d_vocab - 1] for a in range(p - first) for b in range(p - first)
    ]
    assert int(task.labels.max()) < task.d_vocab_out
    assert int(task.inputs.max()) < task.d_vocab == len(task.token_names)


@settings(max_examples=20, deadline=None)
@given(p=PRIMES, op=st.sampled_from(["add", "sub", "mul", "div"]))
def test_group_operations_follow_their_group(p, op):
    task = ModularArithmetic(p, op)
    group, elements = task.symmetry.group, task.symmetry.elements
    assert group.name == (f"C{p}" if op in ("add", "sub") else f"C{p - 1}")
    assert torch.equal(group.table[elements[:, 0], elements[:, 1]], task.labels)


@pytest.mark.parametrize("op", ["a^2+b", "a^3+ab", "div_or_sub", "add_or_mul"])
def test_other_operations_claim_no_group(op):
    assert ModularArithmetic(7, op).symmetry is None


@settings(max_examples=10, deadline=None)
@given(p=PRIMES)
def test_division_undoes_multiplication(p):
    times, divided = (ModularArithmetic(p, op).labels.reshape(p - 1, p - 1) for op in ("mul", "div"))
    for b in range(p - 1):
        assert divided[times[:, b], b].tolist() == list(range(p - 1))  # (a × b) ÷ b = a


@settings(max_examples=20, deadline=None)
@given(p=PRIMES, op=st.sampled_from(OPERATIONS), separator=st.booleans(), shared=st.booleans())
def test_spec_round_trip(p, op, separator, shared):
    task = ModularArithmetic(p, op, separator=separator, shared_vocab=shared)
    again = task_from_spec(task.spec())
    assert again == task
    assert again.digest == task.digest
    assert again.d_vocab == task.d_vocab


def test_another_operation_is_another_task():
    assert ModularArithmetic(7, "add") != ModularArithmetic(7, "sub")
    assert ModularArithmetic(7, "add") != ModularArithmetic(5, "add")


@pytest.mark.parametrize(
    ("p", "op", "advice"),
    [
        (7, "plus", "'add'"),
        (1, "add", "such as 113"),
        (-3, "add", "such as 113"),
        (12, "mul", "a prime such as 13"),
        (9, "div", "a prime such as 11"),
        (15, "div_or_sub", "a prime such as 17"),
    ],
)
def test_bad_arguments_say_what_to_use(p, op, advice):
    with pytest.raises(BadArgument, match=advice):
        ModularArithmetic(p, op)


def test_a_composite_modulus_is_fine_where_nothing_is_divided():
    assert ModularArithmetic(12, "add").group.order == 12
