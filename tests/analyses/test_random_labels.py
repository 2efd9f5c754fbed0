"""The judgement of `random_labels` can go either way."""

import numpy as np
import pytest

SHARES = (0.0, 0.5, 1.0)


@pytest.fixture
def study(study_named):
    return study_named("random_labels")


@pytest.fixture
def numbers(planted):
    def make(
        updates=(50, 150, 150),
        test=(0.96, 0.5, 0.09),
        moved=(10, 20, 30),
        noise_updates=(50, 50, 40, 40),
        noise_test=(0.96, 0.96, 0.2, 0.1),
        fitted_at=(200, 300, 300),
        null=(1.0, 0.03, 0.03),
        circuit=(1, 0, 0),
        never=(0.01, 0.02, 0.01),
    ):
        kinds = ["true", "permuted", "shuffled", "gaussian"]
        names = ["true", "random_table", "random_labels"]
        twins = planted("kind", range(3), {"fitted_at": fitted_at, "test": null}, kinds=names, chance=1 / 31)
        twins["circuit"] = (("seed", "kind"), np.tile(np.asarray(circuit, float), (3, 1)))
        noise = {"fitted_at": noise_updates, "test": noise_test, "moved": (1, 1, 1, 1)}
        return {
            "labels": planted("share", SHARES, {"fitted_at": updates, "test": test, "moved": moved}),
            "inputs": planted("kind", range(4), noise, kinds=kinds),
            "twins": twins,
            "never_right": list(never),
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


NAN = float("nan")


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("fitted.digits", {"updates": (50, 150, NAN)}),
        ("fitted.digits", {"updates": (50, 150, 1500)}),
        ("falls_to_chance", {"test": (0.96, 0.5, 0.3)}),
        ("falls_to_chance", {"test": (0.5, 0.96, 0.09)}),
        ("noise_images", {"noise_updates": (50, 50, 40, NAN)}),
        ("distance_moved", {"moved": (30, 20, 10)}),
        ("fitted.random_table", {"fitted_at": (200, NAN, 300)}),
        ("fitted.random_labels", {"fitted_at": (200, 300, 9000)}),
        ("chance_alone", {"null": (1.0, 0.5, 0.5)}),
        ("no_circuit", {"circuit": (1, 1, 0)}),
        ("never_right", {"never": (0.1, 0.1, 0.1)}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_without_a_true_counterpart_nothing_is_decided(study, numbers, judged):
    assert judged(study, numbers(updates=(NAN, 150, 150)))["fitted.digits"] == "undecided"
    assert judged(study, numbers(circuit=(0, 0, 0)))["no_circuit"] == "undecided"
    assert judged(study, numbers(null=(0.04, 0.03, 0.03)))["chance_alone"] == "undecided"
