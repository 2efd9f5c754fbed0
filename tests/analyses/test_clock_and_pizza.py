"""The judgement of `clock_and_pizza` can go either way."""

import pytest

PLANTED = {"clock": "clock", "pizza": "pizza", "lookup": "undecided"}


@pytest.fixture
def study(study_named):
    return study_named("clock_and_pizza")


@pytest.fixture
def numbers(study):
    def make(planted=PLANTED, algorithm="clock", named=None, explained=None, by_pizza=(0.9, 0.8)):
        both = {"gradient_symmetricity": 0.9, "distance_irrelevance": 0.2}
        run = {"task": "a+b", "algorithm": algorithm, "first": both, "last": both}
        blank = {study.INTERRUPTED: "undecided"}
        return {
            "planted": {"p": 31, "named": planted},
            "shipped": {"mine": run},
            "authors": {
                "named": study.AUTHORS | blank | (named or {}),
                "explained": {**dict.fromkeys(study.AUTHORS, 0.9), study.INTERRUPTED: 0.1}
                | (explained or {}),
                "main": [2, 5],
                "by_pizza": list(by_pizza),
                "by_clock": [0.5, 0.4],
                "accompanying": [7],
                "by_accompanying": [0.3],
            },
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}
    assert set(judged(study, numbers() | {"shipped": {}, "authors": {}})) == {"planted"}


def test_each_prediction_can_be_refuted(study, numbers, judged):
    clock = next(name for name, kind in study.AUTHORS.items() if kind == "clock")
    pizzas = {name: 0.1 for name in study.AUTHORS if name != clock}
    for key, change in (
        ("planted", {"planted": PLANTED | {"pizza": "clock"}}),
        ("planted", {"planted": PLANTED | {"lookup": "pizza"}}),
        ("authors", {"named": {clock: "pizza"}}),
        ("authors", {"named": {study.INTERRUPTED: "irreps"}}),
        ("logits_do_not_tell", {"explained": pizzas}),
        ("circles_tell", {"by_pizza": (0.9, 0.3)}),
    ):
        assert judged(study, numbers(**change))[key] == "refuted"


def test_a_run_that_is_named_nothing_is_undecided(study, numbers, judged):
    assert judged(study, numbers(algorithm="undecided"))["shipped.mine"] == "undecided"
