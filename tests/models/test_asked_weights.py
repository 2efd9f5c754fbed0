"""Weights by name, each taken from the model when it is first asked for."""

import pytest
import torch

import groklens as gl
from groklens.errors import GroklensError
from groklens.models import asked_weights
from groklens.models.asked_weights import AskedWeights

SMALL, LARGE = torch.ones(3), torch.ones(2000)
NAMES = ("W_E", "W_Q", "W_in")


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(asked_weights, "_KEPT", 100)
    return []


@pytest.fixture
def found(asked):
    def compute(name):
        asked.append(name)
        return {"W_E": SMALL, "W_in": LARGE}.get(name)

    return AskedWeights(NAMES, compute)


def test_one_that_is_asked_for_is_computed_once(found, asked):
    assert found["W_E"] is SMALL
    assert found["W_E"] is SMALL
    assert asked == ["W_E"]


def test_whether_it_is_there_keeps_small_ones_alone(found, asked):
    assert "W_E" in found
    assert found["W_E"] is SMALL
    assert "W_in" in found
    assert "W_in" in found
    assert asked == ["W_E", "W_in"]
    assert found["W_in"] is LARGE
    assert asked == ["W_E", "W_in", "W_in"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("W_e", r"'W_e'.*; did you mean 'W_E'\?$"), ("W_Q", r"it has W_E, W_in\.")],
)
def test_one_that_is_not_there_is_said_with_those_that_are(found, name, said):
    with pytest.raises(KeyError, match=said) as caught:
        found[name]
    assert isinstance(caught.value, GroklensError)


def test_it_is_a_mapping(found, asked):
    assert list(found) == ["W_E", "W_in"]
    assert len(found) == 2
    assert dict(found) == {"W_E": SMALL, "W_in": LARGE}
    assert found.get("W_Q") is None
    assert repr(found) == "weights W_E, W_in"
    assert asked.count("W_Q") == 1
    with pytest.raises(KeyError, match="W_nothing"):
        found["W_nothing"]
    assert "W_nothing" not in asked


def test_other_layers_are_not_stacked_for_the_embedding(monkeypatch):
    task = gl.ModularArithmetic(5)
    model = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0)
    seen = []
    own = type(model).__getattr__
    monkeypatch.setattr(type(model), "__getattr__", lambda self, name: seen.append(name) or own(self, name))
    assert gl.Snapshot(model, task).weights["W_E"].shape == (6, 8)
    assert "W_Q" not in seen
