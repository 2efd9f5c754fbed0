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
    assert judged(study, numbers()) == ["supported"] * 6


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, {"features": U}),
        (1, {"features": (2, 5, 3, 2, 2, 2, 1), "train": (5, 4, 2, 1, 1, 0, 0)}),  # long before anything fits
        (2, {"noisy": U}),
        (2, {"noisy": FALLING}),
        (3, {"noisy": (2, 5, 3, 2, 2, 2, 1), "train": (5, 4, 2, 1, 1, 0, 0)}),
        (4, {"best": TWICE}),
        (5, {"clean": TWICE}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, place, change):
    assert judged(study, numbers(**change))[place] == "refuted"


def test_without_a_size_that_fits_the_threshold_is_undecided(study, numbers, judged):
    assert judged(study, numbers(train=(5, 4, 3, 2, 2, 2, 1)))[3] == "undecided"
