"""The judgement of `hidden_progress` can go either way."""

import numpy as np
import pytest

SEEDS = 3
STEPS = np.arange(0, 1001, 10)
NAN = float("nan")
EVENLY = 0.5 + STEPS / 2000
#: A skill that is learned at once, late, from chance to certainty.
AT_ONCE = np.where(STEPS < 600, 0.5, 1.0)


@pytest.fixture
def study(study_named):
    return study_named("hidden_progress")


@pytest.fixture
def numbers(study, planted):
    """Alarms by measure at three n, of how many nulls they are false, and the scores of parities, skills and exams."""

    def make(alarms=None, false=0, parity=AT_ONCE, skill=AT_ONCE, every=EVENLY, loss=None, exam=None):
        early = (
            dict.fromkeys(study.NAMES, (300, 700, 1000))
            | {study.SHOWS: (400, 900, 1300), "visible": (500, 1000, 1500)}
            | (alarms or {})
        )
        none = np.full((SEEDS, 3), NAN)
        null = {name: none.copy() for name in study.NAMES}
        null[study.MOVE].flat[:false] = 100.0
        curves = {study.SHOWS: parity, "test_loss": 2 * (1 - parity), "brier_score": 1 - parity}
        curves |= {} if loss is None else {"test_loss": loss}
        scores = {"skill_1": skill, "skill_2": skill, "all_accuracy": every}
        scores |= {"all_loss": 2 * (1 - every), "all_brier": 1 - every}
        scores["exact_match"] = every**study.QUESTIONS if exam is None else exam
        return {
            "parity_alarms": planted("n", study.BITS, early),
            "null_alarms": planted("n", study.BITS, dict.fromkeys(study.NAMES, (0, 0, 0))).assign(
                {name: (("seed", "n"), rows) for name, rows in null.items()}
            ),
            "curves": planted("step", STEPS, curves, jitter=0),
            "skills": planted("step", STEPS, scores, jitter=0),
        }

    return make


PREDICTED = (
    "before_accuracy.largest_move", "false_alarms.largest_move", "sum_is_smooth", "skills_jump", "artefact", "genuine",
)  # fmt: skip


def many_nulls(study, numbers, false):
    """With as many networks on random labels as the study has."""
    made = numbers()
    rows = np.full((8, 3), NAN)
    rows.flat[:false] = 100.0
    table = made["null_alarms"].isel(seed=[0] * 8)
    return made | {"null_alarms": table.assign({study.MOVE: (("seed", "n"), rows)})}


def test_what_was_predicted_is_supported(study, numbers, judged):
    found = judged(study, many_nulls(study, numbers, 0))
    assert {key: found[key] for key in PREDICTED} == dict.fromkeys(PREDICTED, "supported")


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("before_accuracy.largest_move", {"alarms": {"largest_move": (300, 1200, 1000)}}),
        ("before_accuracy.largest_move", {"alarms": {"largest_move": (NAN, 700, 1000)}}),
        ("before_visible.largest_move", {"alarms": {"largest_move": (300, 1200, 1000)}}),
        ("false_alarms.largest_move", {"false": 9}),
        ("sum_is_smooth", {"every": AT_ONCE}),
        ("sum_is_smooth", {"skill": EVENLY}),
        ("skills_jump", {"skill": EVENLY}),
        ("artefact", {"every": AT_ONCE}),
        ("artefact", {"exam": EVENLY}),
        ("genuine", {"parity": EVENLY}),
        ("genuine", {"loss": 1 - EVENLY}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("before_accuracy.largest_move", {"alarms": {"largest_move": (400, 700, 1000)}}),
        ("before_accuracy.largest_move", {"alarms": {"test_accuracy": (NAN, 900, 1300)}}),
        ("false_alarms.largest_move", {"false": 2}),
    ],
)
def test_little_decides_nothing(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "undecided"


def test_the_rule_looks_at_no_later_step(study):
    """Whatever comes after, the alarm is where it was; and a null within the range of the others raises none."""
    steps, nulls = np.arange(6), np.array([[0, 1, 2, 3, 4, 5.0], [0, 2, 3, 4, 5, 6.0]])
    row = np.array([[0, 3.5, 3, 9, 9, 9.0]])
    assert study.alarm_steps(steps, row, nulls) == [1]
    changed_later = np.array([[0, 3.5, 3, 0, 0, 0.0]])
    assert study.alarm_steps(steps, changed_later, np.hstack([nulls[:, :2], 99 * nulls[:, 2:]])) == [1]
    assert np.isnan(study.alarm_steps(steps, nulls[:1], nulls)).all()
    assert np.isnan(study.alarm_steps(steps, nulls[1:] + (steps > 0), nulls)).all()


def test_the_same_alarm_may_be_before_the_one_and_after_the_other(study, numbers, judged):
    found = judged(study, numbers(alarms={"largest_move": (450, 950, 1400)}))
    assert found["before_visible.largest_move"] == "supported"
    assert found["before_accuracy.largest_move"] == "refuted"


def test_many_false_alarms_are_too_many(study, numbers, judged):
    assert judged(study, many_nulls(study, numbers, 12))["false_alarms.largest_move"] == "refuted"
    assert judged(study, many_nulls(study, numbers, 6))["false_alarms.largest_move"] == "undecided"
