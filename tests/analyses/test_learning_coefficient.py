"""The judgement of `learning_coefficient` can go either way."""

import importlib

import numpy as np
import pytest

KINDS = ("grokking", "memorising", "random_table")
NAN = float("nan")


@pytest.fixture
def study(study_named):
    return study_named("learning_coefficient")


@pytest.fixture
def numbers(planted):
    """λ̂ of each kind at first and at last, at both temperatures alike unless `cold` says otherwise."""

    def make(
        warm=((30, 10), (35, 50), (30, 40)),
        cold=None,
        train=1.0,
        test=((0, 1), (0, 0), (0, 0)),
        norm=(1, 3, 2),
    ):
        def table(rows, **options):
            return planted("step", (200, 8000), dict(zip(KINDS, rows, strict=True)), **options)

        return {
            "warm_value": table(warm),
            "cold_value": table(cold or warm),
            **{f"{name}_stderr": table([(0.3, 0.3)] * 3) for name in ("warm", "cold")},
            "train_accuracy": table([(train, train)] * 3, jitter=0),
            "test_accuracy": table(test, jitter=0),
            "sum_squared_weights": table([(1, each) for each in norm]),
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    found = judged(study, numbers())
    assert {found[key] for key in ("falls", "falls_by_more", "tells_apart")} == {"supported"}
    assert found["controls_fall_too"] == "refuted"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("falls", {"warm": ((30, 31), (35, 50), (30, 40))}),
        ("falls_by_more", {"warm": ((30, 20), (35, 10), (30, 40))}),
        ("tells_apart", {"warm": ((30, 40), (35, 50), (30, 40))}),
        ("norm_tells_apart", {"norm": (1, 3, 3)}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("falls", {"cold": ((30, 31), (35, 50), (30, 40))}),
        ("falls_by_more", {"cold": ((30, 20), (35, 10), (30, 40))}),
        ("tells_apart", {"cold": ((30, 40), (35, 50), (30, 40))}),
        ("falls", {"cold": ((30, NAN), (35, 50), (30, 40))}),
        ("falls_by_more", {"cold": ((30, 10), (NAN, 50), (30, 40))}),
        ("tells_apart", {"cold": ((30, 10), (35, 50), (30, NAN))}),
        ("falls", {"test": ((0, 0.9), (0, 0), (0, 0))}),
        ("falls", {"train": 0.9}),
        ("tells_apart", {"test": ((0, 1), (0, 1), (0, 0))}),
    ],
)
def test_one_temperature_what_is_missing_and_the_wrong_networks_decide_nothing(
    study, numbers, judged, key, change
):
    assert judged(study, numbers(**change))[key] == "undecided"


def test_a_fall_in_controls_is_said(study, numbers, judged):
    falling = numbers(cold=((30, 3), (35, 20), (30, 20)))
    assert judged(study, falling)["controls_fall_too"] == "supported"
    assert judged(study, numbers(cold=((30, 3), (35, NAN), (30, 40))))["controls_fall_too"] == "undecided"


def test_what_is_unhealthy_is_counted(study, numbers):
    some = numbers(cold=((30, NAN), (35, 50), (30, 40)))
    found = next(each for each in study.judge(some) if each.key == "falls")
    assert found.value is None
    assert "0 of 18 warm, 3 of 18 cold" in found.note
    assert np.isnan(some["cold_value"]["grokking"].values[:, -1]).all()


def test_exact_losses_near_what_they_must(study):
    table = importlib.import_module(f"{study.__package__}.exact").exact(most=3)
    assert float(table["square"][-1]) == pytest.approx(1, abs=2e-3)
    assert 0.35 < float(table["product"].sel(n_beta=100)) < 0.36
    assert (table["product"] < 0.5).all()
    assert (table["product"].diff("n_beta") > 0).all()
