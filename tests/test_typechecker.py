"""The tests' own check of types: what is annotated is held to, axes too, and callers outside see none of it."""

import jaxtyping
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation

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
