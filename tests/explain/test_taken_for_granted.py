"""The finding about what the files do not say."""

import groklens as gl
from groklens.explain.taken_for_granted import taken_for_granted


class Known:
    def __init__(self, known):
        self.known = known


def test_nothing_taken_is_no_finding():
    for known in ({}, {"p": 113}, {"taken for granted": {}}, None, {"taken for granted": "much"}):
        assert taken_for_granted(Known(known)) == []
    assert taken_for_granted(object()) == []


def test_what_was_taken_is_said_by_name_and_decides_nothing():
    (finding,) = taken_for_granted(
        Known({"taken for granted": {"act_fn": "relu", "normalization_type": None}})
    )
    assert finding.key == "files.assumed"
    assert finding.role == "aside"
    assert finding.verdict == "undecided"
    assert finding.value is None
    assert "act_fn: relu; normalization_type: None" in finding.note


def test_the_users_split_keeps_it(tmp_path):
    from groklens.runs.known_split import with_split
    from groklens.runs.lone import LoneModel

    task = gl.ModularArithmetic(5, "add")
    run = LoneModel.of(gl.Snapshot(gl.MLP(d_mlp=4).build(task, seed=0), task))
    assert taken_for_granted(with_split(run, [0, 1])) == []
