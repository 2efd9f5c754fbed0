"""The judgement of `double_descent_epoch_wise` can go either way."""

import pytest

STEPS = (1, 10, 100, 1000, 10_000)
TWICE, FALLING, U = (2.0, 1.0, 3.0, 0.5, 0.5), (2.0, 1.0, 0.8, 0.7, 0.6), (2.0, 0.5, 0.8, 1.0, 1.2)


@pytest.fixture
def study(study_named):
    return study_named("double_descent_epoch_wise")


@pytest.fixture
def numbers(planted):
    def make(two=TWICE, one=U, test=U):
        return {
            "linear": planted("steps", STEPS, {"two_speeds": two, "one_speed": one}),
            "network": planted("steps", STEPS, {"test": test, "train": FALLING}),
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert judged(study, numbers()) == ["supported", "supported", "supported", "refuted"]
    assert judged(study, numbers(test=TWICE))[3] == "supported"


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, {"two": U}),
        (0, {"two": FALLING}),
        (0, {"two": (0.5, 1.0, 3.0, 0.5, 0.4)}),  # rises from the start
        (1, {"one": TWICE}),
        (2, {"two": (2.0, 0.5, 3.0, 1.0, 0.9)}),  # the first low is the deeper
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, place, change):
    assert judged(study, numbers(**change))[place] == "refuted"
