"""Models of Zhong et al. (2023): the authors' numbers, and which algorithm it is."""

import pytest

import groklens as gl
from groklens.measures.clock_pizza import (
    circularity,
    distance_irrelevance,
    distance_irrelevance_incorrect,
    gradient_symmetricity,
)
from groklens.models.protocol import parameters_squared

MODELS = ("p99zdpze5l", "l8k1hzciux", "h9m153uuh9", "p71frej8t7", "qlvxqhkvit", "n9n7h3p965")


@pytest.fixture(scope="module", params=MODELS)
def model(request, zoo, golden):
    path = zoo / "pizza" / f"model_{request.param}.pt"
    return path, gl.load(path).final, golden["pizza"][request.param]


def test_numbers_are_the_authors(model):
    _, snapshot, expected = model
    measured = {
        "accuracy": gl.measures.all_accuracy(snapshot),
        "di": distance_irrelevance(snapshot),
        "di_incorrect": distance_irrelevance_incorrect(snapshot),
        "gs": gradient_symmetricity(snapshot),
        "circ": circularity(snapshot),
        "norm": parameters_squared(snapshot.model) ** 0.5,
    }
    known = {name: value for name, value in expected.items() if name in measured}
    assert {name: measured[name] for name in known} == pytest.approx(known, rel=expected["tol"], abs=5e-5)
    if "frequencies" in expected:
        assert gl.measures.key_components(snapshot) == sorted(expected["frequencies"])


def test_algorithm_is_among_the_allowed(model, zoo_explained):
    path, _, expected = model
    why = zoo_explained(path)
    assert why.algorithm in expected["algorithm"]
    assert (why.circuit is not None) == (expected["accuracy"] == 1.0)


def test_a_two_layer_model_has_hooks_in_both(zoo):
    snapshot = gl.load(zoo / "pizza" / "config_h9m153uuh9.json").final
    assert snapshot.activations("blocks.1.mlp.hook_post", pos=-1).shape == (59**2, 512)
    assert snapshot.activations("blocks.0.attn.hook_pattern", pos=-1).shape == (59**2, 4, 2)
