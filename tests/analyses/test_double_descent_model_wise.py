"""The judgement of `double_descent_model_wise` can go either way."""

import pytest

SIZES = (2, 4, 8, 16, 32, 64, 128)
TWICE, U, FALLING = (6, 2, 3, 5, 4, 2, 1), (6, 3, 1, 2, 3, 4, 5), (7, 6, 5, 4, 3, 2, 1)
TRAIN = (5, 4, 2, 0, 0, 0, 0)


@pytest.fixture
def study(study_named):
    return study_named("double_descent_model_wise")


@pytest.fixture
def numbers(planted):
    def make(features=TWICE, noisy=TWICE, best=FALLING, clean=FALLING, train=TRAIN):
        def table(test):
            return planted("size", SIZES, {"test": test, "best": best, "train": train})

        return {"features": table(features), "noisy": table(noisy), "clean": table(clean)}

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("double_descent.features", {"features": U}),
        # Long before anything fits.
        (
            "peak_at_threshold.features",
            {"features": (2, 5, 3, 2, 2, 2, 1), "train": (5, 4, 2, 1, 1, 0, 0)},
        ),
        ("double_descent.network", {"noisy": U}),
        ("double_descent.network", {"noisy": FALLING}),
        ("peak_at_threshold.network", {"noisy": (2, 5, 3, 2, 2, 2, 1), "train": (5, 4, 2, 1, 1, 0, 0)}),
        ("early_stopping", {"best": TWICE}),
        ("without_wrong_labels", {"clean": TWICE}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_without_a_size_that_fits_the_threshold_is_undecided(study, numbers, judged):
    assert judged(study, numbers(train=(5, 4, 3, 2, 2, 2, 1)))["peak_at_threshold.network"] == "undecided"
