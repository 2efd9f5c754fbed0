"""The judgement of `grokking_meets_double_descent` can go either way."""

import numpy as np
import pytest

from groklens.theory import sweep_table

WIDTHS, SEEDS = (4, 16, 32, 64), (0, 1, 2)


@pytest.fixture
def study(study_named):
    return study_named("grokking_meets_double_descent")


def sweep(test=(0.1, 0.2, 0.7, 1.0), train=(0.8, 1.0, 1.0, 1.0), ratio=5.0, widths=WIDTHS):
    rows = {"train": train, "test": test, "fitted_at": [100.0] * 4, "right_at": [100.0 * ratio] * 4}
    return sweep_table(
        ("width", widths, "width"),
        SEEDS,
        {name: (np.tile(np.asarray(row, float), (3, 1)), name, "") for name, row in rows.items()},
    )


def forecast(kind="task", patterns=0.05, logistic=0.2, persists=0.4, announced=1.0, fit=0.01):
    return {
        "kind": kind,
        "run": "r",
        "times": 2,
        "came": 0.5,
        "patterns": patterns,
        "logistic": logistic,
        "persists": persists,
        "announced": announced,
        "fit": fit,
    }


def numbers(forecasts=None, **changes):
    forecasts = [forecast()] * 8 + [forecast("null", announced=0.1)] * 8 if forecasts is None else forecasts
    return {
        "share 0.5": sweep(**changes),
        "share 0.6": sweep(),
        "null": sweep(test=(0.03,) * 4),
        "forecasts": forecasts,
    }


def verdicts(study, found):
    return {finding.key: finding.verdict for finding in study.judge(found)}


def test_what_was_predicted_is_supported(study):
    found = verdicts(study, numbers())
    assert {verdict for key, verdict in found.items() if not key.startswith("double_descent")} == {
        "supported"
    }


@pytest.mark.parametrize(
    ("key", "changes", "forecasts"),
    [
        ("wrong_to_right.0.5", {"test": (0.1, 1.0, 1.0, 1.0)}, None),  # whatever fits is right
        ("wrong_to_right.0.5", {"test": (0.1, 0.1, 0.1, 0.1)}, None),  # no width is right
        ("right_later.0.5", {"ratio": 1.0}, None),
        ("forecast", {}, [forecast(patterns=0.3)] * 8),
        ("false_alarms", {}, [forecast()] + [forecast("null", announced=0.9)] * 8),
        ("fit", {}, [forecast(fit=0.2), forecast("null", fit=0.2)]),
        ("double_descent.0.5", {}, None),
    ],
)
def test_each_prediction_can_be_refuted(study, key, changes, forecasts):
    assert verdicts(study, numbers(forecasts, **changes))[key] == "refuted"


def test_seeds_that_disagree_leave_it_undecided(study):
    found = numbers()
    found["share 0.5"]["test"][0, 3] = 0.6
    assert verdicts(study, found)["wrong_to_right.0.5"] == "undecided"
    nothing = verdicts(study, numbers(forecasts=[]))
    assert nothing["forecast"] == nothing["false_alarms"] == "undecided"


def test_a_descent_over_width_beyond_error_is_seen(study):
    assert verdicts(study, numbers(test=(0.5, 0.2, 0.6, 1.0)))["double_descent.0.5"] == "supported"
