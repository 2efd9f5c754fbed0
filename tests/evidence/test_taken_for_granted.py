"""The finding about what the files do not say."""

import groklens as gl
from groklens.evidence.taken_for_granted import taken_for_granted
from groklens.runs.foreign import foreign_run


def knowing(known):
    return foreign_run("theirs", gl.ModularArithmetic(5, "add"), {}, "theirs", known=known)


def test_nothing_taken_is_no_finding():
    for known in ({}, {"p": 113}, {"taken for granted": {}}, {"taken for granted": "much"}):
        assert taken_for_granted(knowing(known)) == []


def test_what_was_taken_is_said_by_name_and_decides_nothing():
    (finding,) = taken_for_granted(
        knowing({"taken for granted": {"act_fn": "relu", "normalization_type": None}})
    )
    assert finding.key == "files.assumed"
    assert finding.role == "aside"
    assert finding.verdict == "undecided"
    assert finding.value is None
    assert "act_fn: relu; normalization_type: None" in finding.note


def test_the_users_split_keeps_it():
    task = gl.ModularArithmetic(5, "add")
    run = gl.Run.of({0: gl.MLP(d_mlp=4).build(task, seed=0)}, task)
    assert taken_for_granted(run.with_split([0, 1])) == []
