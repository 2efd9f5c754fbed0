"""The tests' own check of types: what is annotated is held to, axes too, and callers outside see none of it."""

from dataclasses import make_dataclass

import jaxtyping
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float
from torch import Tensor

import typechecker
from groklens.claims import percent
from groklens.theory import ridge


def test_a_value_of_another_type_is_seen():
    with pytest.raises(BeartypeCallHintViolation):
        percent("a half")


def test_axes_that_do_not_fit_each_other_are_seen():
    with pytest.raises(jaxtyping.TypeCheckError):
        ridge(torch.ones(4, 2), torch.ones(3, 5), 0.1)


def test_callers_outside_see_none_of_it(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(TypeError, match="not supported between"):
        percent("a half")


def as_it_is(one: Float[Tensor, "row"], other: Float[Tensor, "row"], out: Tensor) -> Float[Tensor, "row"]:
    return out


@pytest.fixture
def checked():
    return typechecker._jaxtyped(as_it_is)


def test_axes_of_what_is_returned_are_compared_with_those_of_the_arguments(checked):
    assert checked(torch.ones(3), torch.ones(3), torch.zeros(3)).shape == (3,)
    with pytest.raises(jaxtyping.TypeCheckError):
        checked(torch.ones(3), torch.ones(3), torch.zeros(4))
    assert checked(torch.ones(4), torch.ones(4), torch.zeros(4)).shape == (4,)  # nothing is left of before


def test_of_many_calls_the_first_are_checked_and_one_in_as_many_after_them(checked):
    def is_seen():
        try:
            checked(torch.ones(3), torch.ones(5), torch.ones(3))
        except jaxtyping.TypeCheckError:
            return True
        return False

    seen = [is_seen() for _ in range(3 * typechecker.SELDOM)]
    assert [call for call, each in enumerate(seen) if each] == [
        *range(typechecker.FIRST),
        typechecker.SELDOM,
        2 * typechecker.SELDOM,
    ]
    typechecker.begin()  # as every test does
    assert is_seen()


def test_fields_of_a_dataclass_are_checked_when_one_is_made():
    pair = make_dataclass("pair", [("one", Float[Tensor, "row"]), ("other", Float[Tensor, "row"])])
    checked = typechecker._jaxtyped(pair)
    checked(torch.ones(3), torch.ones(3))
    with pytest.raises(jaxtyping.TypeCheckError):
        checked(torch.ones(3), torch.ones(4))
