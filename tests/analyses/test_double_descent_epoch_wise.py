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
    found = judged(study, numbers())
    assert found.pop("network") == "refuted"
    assert set(found.values()) == {"supported"}
    assert judged(study, numbers(test=TWICE))["network"] == "supported"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("two_speeds", {"two": U}),
        ("two_speeds", {"two": FALLING}),
        ("two_speeds", {"two": (0.5, 1.0, 3.0, 0.5, 0.4)}),  # rises from the start
        ("one_speed", {"one": TWICE}),
        ("early_stopping", {"two": (2.0, 0.5, 3.0, 1.0, 0.9)}),  # the first low is the deeper
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"
