"""The judgement of `double_descent_sample_wise` can go either way."""

import pytest

from groklens.theory import sample_wise_risk

SIZES = (10, 50, 100, 200, 300)


@pytest.fixture
def study(study_named):
    return study_named("double_descent_sample_wise")


@pytest.fixture
def numbers(planted):
    def make(peak=9.0, at=100, scale=1.0, ridge=(0.9, 0.7, 0.5, 0.3, 0.1), digits=(0.5, 0.3, 0.8, 0.2, 0.1)):
        closed = [min(sample_wise_risk(n, 100, 0.5), 20.0) for n in SIZES]
        measured = [peak if n == at else scale * c for n, c in zip(SIZES, closed, strict=True)]
        isotropic = planted("examples", SIZES, {"least_squares": measured, "ridge": ridge}, features=100)
        isotropic["closed"] = ("examples", closed)
        images = {"least_squares": digits, "ridge": (0.5, 0.4, 0.3, 0.2, 0.1)}
        return {
            "isotropic": isotropic,
            "digits": planted("examples", SIZES, images, features=100),
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("double_descent.isotropic", {"peak": 0.5, "at": 100}),
        ("peak_at_features", {"peak": 50.0, "at": 200}),
        ("closed_form", {"scale": 1.5}),
        ("best_ridge", {"ridge": (0.9, 0.3, 0.8, 0.3, 0.1)}),
        ("double_descent.digits", {"digits": (0.5, 0.4, 0.3, 0.2, 0.1)}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"
