"""The judgement of `fourier_circuit` can go either way."""

import numpy as np
import pytest
import xarray as xr

STEPS = [0, 100, 200, 300, 400]
FOUND = {"circuit": [2, 5], "rules": {"logits": [2, 5], "clusters": [2, 5], "readout": [2, 5]}}


@pytest.fixture
def study(study_named):
    return study_named("fourier_circuit")


def curves(restricted, excluded, accuracy):
    rows = {
        "restricted_loss": restricted,
        "excluded_loss": excluded,
        "test_accuracy": accuracy,
        "train_accuracy": [0.1, 1.0, 1.0, 1.0, 1.0],
    }
    table = xr.Dataset(
        {name: ("step", np.asarray(row, float)) for name, row in rows.items()}, coords={"step": STEPS}
    )
    for name, each in table.items():
        each.attrs["long_name"] = name
    return table


@pytest.fixture
def numbers():
    def make(
        components=(2, 5),
        accuracy=(0.0, 0.0, 0.0, 0.0, 1.0),
        early=(4.0, 4.0, 0.0, 0.0, 0.0),
        given=False,
        found=FOUND,
        battery=(),
    ):
        moved = [-each for each in early]
        return {
            "circuit": {"task": "a+b", "said": "C11: 2, 5", "components": list(components)},
            "available": 10,
            "key_in_nulls": {"lookup": 9},
            "battery": list(battery),
            "curves": curves(early, moved, accuracy),
            "random": {name: [[4.0] * 5] for name in ("restricted_loss", "excluded_loss")},
            "given_a_circuit": {"lookup": given},
            "authors": {"theirs": found},
            "untrained_clusters": 0,
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("few_components", {"components": range(8)}),
        ("moves_first.restricted_loss", {"early": (4, 4, 4, 4, 0), "accuracy": (0, 0, 1, 1, 1)}),
        ("moves_first.excluded_loss", {"early": (4, 4, 4, 4, 0), "accuracy": (0, 0, 1, 1, 1)}),
        ("no_circuit_in_nulls", {"given": True}),
        ("authors.theirs", {"found": FOUND | {"circuit": None}}),
        ("authors.theirs", {"found": FOUND | {"circuit": [2, 5, 7]}}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_what_moves_between_the_same_two_steps_is_undecided(study, numbers, judged):
    found = judged(study, numbers(accuracy=(0, 0, 1, 1, 1)))
    assert found["moves_first.restricted_loss"] == "undecided"


def test_the_battery_counts_as_it_was_found(study, numbers, judged):
    found = {
        "key": "sufficiency.logits",
        "role": "prediction",
        "claim": "c",
        "value": 0.1,
        "units": "accuracy",
        "controls": [],
        "verdict": "refuted",
        "source": "",
        "note": "",
    }
    assert judged(study, numbers(battery=[found]))["sufficiency.logits"] == "refuted"
