"""An explanation says what became of wrong labels."""

import pytest

import groklens as gl
from groklens.claims import by_key

TASK = gl.Corrupted(gl.ModularArithmetic(7, "add"), 0.2, seed=1)
TRAIN, _ = TASK.split(0.7, 0)


@pytest.mark.parametrize(
    ("answers", "verdict", "phase"),
    [("labels", "refuted", "full inversion"), ("targets", "supported", "memorisation")],
)
def test_a_lookup_of_either_is_named(answers, verdict, phase):
    table = gl.TableTask(TASK.inputs, getattr(TASK, answers), "C7")
    snapshot = gl.Snapshot(gl.planted(table, algorithm="lookup"), TASK, train_index=TRAIN)
    found = gl.explain(snapshot).finding("labels.fitted")
    assert found.verdict == verdict
    assert found.note.startswith(phase)
    assert found.control("untrained").mean < 0.6


def test_right_labels_are_not_spoken_of():
    snapshot = gl.Snapshot(gl.planted(TASK.task, [1, 2]), TASK.task, train_index=TRAIN)
    assert "labels.fitted" not in by_key(gl.explain(snapshot).findings)
