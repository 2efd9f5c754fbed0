"""The judgement of `learning_coefficient` can go either way."""

import math

import pytest

STEPS = (0, 100, 1000, 4000)
FALLS, STAYS = (5.0, 40.0, 20.0, 0.1), (5.0, 30.0, 12.0, 2.0)
BY_HEART, LEARNED = (0.1, 1.0, 1.0, 1.0), (0.0, 0.1, 0.5, 1.0)


@pytest.fixture
def study(study_named):
    return study_named("learning_coefficient")


@pytest.fixture
def numbers(planted):
    def make(groks=FALLS, memorises=STAYS, random=STAYS, test=LEARNED):
        def table(llc, test):
            return planted("step", STEPS, {"llc": llc, "train_accuracy": BY_HEART, "test_accuracy": test})

        return {
            "groks": table(groks, test),
            "memorises": table(memorises, (0.0,) * 4),
            "random_table": table(random, (0.0,) * 4),
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert judged(study, numbers()) == {"llc.falls": "supported", "llc.tells_apart": "supported"}


def test_it_can_be_refuted(study, numbers, judged):
    assert judged(study, numbers(groks=STAYS, random=FALLS)) == {
        "llc.falls": "refuted",
        "llc.tells_apart": "refuted",
    }
    higher = (5.0, 4000.0, 20.0, 3.0)  # falls further, and ends higher
    assert judged(study, numbers(groks=higher)) == {"llc.falls": "supported", "llc.tells_apart": "refuted"}


@pytest.mark.parametrize(
    "change", [{"groks": (5.0, 40.0, 20.0, math.nan)}, {"random": (5.0, 30.0, 12.0, math.nan)}]
)
def test_without_healthy_estimates_it_is_undecided(study, numbers, judged, change):
    assert set(judged(study, numbers(**change)).values()) == {"undecided"}


def test_runs_that_did_not_grok_say_nothing(study, numbers, judged):
    assert set(judged(study, numbers(test=(0.0, 0.1, 0.2, 0.6))).values()) == {"undecided"}
