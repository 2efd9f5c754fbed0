"""The judgement of `simplicity` can go either way."""

import numpy as np
import pytest
import torch

import groklens as gl

SCALES, STEPS, SIZES = (1.0, 2.0, 8.0), (1, 10, 100, 1000), (50, 100, 200, 400)
NAN = float("nan")
LEARNED = {
    "model": (0.0, 0.3, 0.6, 0.8),
    "explained": (0.0, 0.28, 0.5, 0.5),
    "beyond": (0.0, 0.02, 0.1, 0.3),
    "missed": (0.5, 0.22, 0.0, 0.0),
    "simple": (0.5, 0.5, 0.5, 0.5),
    "anew": (0.0, 0.1, 0.2, 0.3),
}


@pytest.fixture
def study(study_named):
    return study_named("simplicity")


@pytest.fixture
def numbers(planted):
    def make(**changed):
        networks = {
            "complexity": (50, 90, 130),
            "shuffled": (90, 120, 140),
            "sensitivity": (1, 2, 3),
            "repeated": (0.3, 0.1, 0.0),
            "correlation": (-0.5, -0.4, NAN),
            "correlation_null": (-0.2, -0.3, NAN),
        }
        circles = {"own": (0, 0.6, 1.0, 1.0), "others": (0, 0.3, 1.0, 1.0), "most": (0, 0.4, 1.0, 1.0)}
        features = {
            "train": (0.1, 0, 0, 0),
            "test": (0.6, 0.9, 0.5, 0.3),
            "test_rough": (NAN, 1.2, 0.9, 0.6),
            "roughness": (0.5, 4, 2, 1),
            "roughness_rough": (NAN, 6, 4, 3),
            "norm": (2, 9, 7, 6),
        }
        found = {
            "relu": planted("scale", SCALES, networks | changed.get("networks", {})),
            "tanh": planted("scale", SCALES, networks | changed.get("networks", {})),
            "random": 149.0,
            "sums": planted("step", STEPS, circles | changed.get("sums", {}), linear=[0.02] * 3),
            "features": planted("size", SIZES, features | changed.get("features", {})),
        }
        return found | {
            name: planted("step", STEPS, LEARNED | changed.get(name, {})) for name in ("digits", "chains")
        }

    return make


def test_what_was_predicted_is_supported_and_chaos_keeps_some(study, numbers, judged):
    found = judged(study, numbers())
    assert found.pop("left_in_chaos") == "refuted"
    assert set(found.values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("frequent_is_simple", {"networks": {"correlation": (0.1, -0.1, NAN)}}),
        ("simpler_than_shuffled", {"networks": {"complexity": (99, 130, 150)}}),
        ("less_with_scale", {"networks": {"complexity": (50, 60, 70)}}),
        ("simple_first.digits", {"digits": {"beyond": (0.0, 0.2, 0.3, 0.4)}}),
        ("simple_first.chains", {"chains": {"beyond": (0.0, 0.09, 0.1, 0.1)}}),
        ("kept.digits", {"digits": {"explained": (0.0, 0.28, 0.5, 0.3)}}),
        ("kept.chains", {"chains": {"explained": (0.0, 0.28, 0.5, 0.3)}}),
        ("rest_later.digits", {"digits": {"beyond": (0.0, 0.3, 0.3, 0.3)}}),
        ("rest_later.chains", {"chains": {"beyond": (0.3, 0.3, 0.3, 0.3)}}),
        (
            "own_circles_first",
            {"sums": {"own": (0, 0.5, 1, 1), "others": (0, 0.5, 1, 1), "most": (0, 0.6, 1, 1)}},
        ),
        ("smoother_is_better", {"features": {"roughness": (0.5, 1, 2, 4)}}),
        ("least_norm_is_better", {"features": {"test_rough": (NAN, 0.8, 0.4, 0.2)}}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_nothing_is_decided_without_functions_or_circles(study, numbers, judged):
    none = {"correlation": (NAN,) * 3, "correlation_null": (NAN,) * 3}
    assert judged(study, numbers(networks=none))["frequent_is_simple"] == "undecided"
    no_circuit = dict.fromkeys(("own", "others", "most"), (NAN,) * 4)
    assert judged(study, numbers(sums=no_circuit))["own_circles_first"] == "undecided"
    wavers = {"complexity": (50, 119, 100)}
    assert judged(study, numbers(networks=wavers))["less_with_scale"] == "undecided"
    assert judged(study, numbers(networks={"complexity": (90, 130, 150)}))["left_in_chaos"] == "supported"


def test_the_rougher_interpolant_fits_as_well(study):
    found = study.of_features(80, 60, seed=0)
    assert found["train"] < 1e-12
    assert found["roughness_rough"] > found["roughness"]
    assert np.isnan(study.of_features(20, 60, seed=0)["test_rough"])


class Copies(torch.nn.Module):
    """A model that answers with the first token."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, tokens):
        return self.weight * torch.nn.functional.one_hot(tokens[:, 0], 2).float()


def test_errors_drawn_anew_know_nothing_of_the_simple_predictor(study):
    """A model that is the simple predictor has nothing beyond it; as good a one with errors of its own has much."""
    tokens = torch.randint(0, 2, (2000, 2), generator=torch.Generator().manual_seed(0))
    wrong = torch.rand(2000, generator=torch.Generator().manual_seed(1)) < 0.2
    probe = gl.tasks.Probe(tokens, labels=tokens[:, 0] ^ wrong.long())
    snapshot = gl.Snapshot(gl.hooked(Copies()), probe, 0, train_index=torch.arange(200))
    simple = gl.measures.LinearPredictor()
    found = gl.measures.ExplainedBy(simple)(snapshot)
    assert abs(float(found.sel(quantity="beyond"))) < 1e-9
    assert study.errors_anew(snapshot, simple) > 0.05
