"""Every finding and every control that groklens makes has a key, and every key is listed with its meaning."""

import ast
import functools
from pathlib import Path

import pytest

import groklens as gl
from groklens.claims import CONTROLS, COUNTED, FINDINGS, Control, Finding, by_key, with_key
from groklens.errors import UnknownName
from groklens.hypotheses import SITES

SRC = Path(gl.__file__).parent
TASK = gl.ModularArithmetic(13, "add")
#: Where the keyword is not a literal: a key that was given to the function, or that stands in a table beside it.
HANDED_ON = {
    "evidence/algorithm.py", "evidence/battery.py", "evidence/circuit_battery.py", "explorer/ablation.py",
}  # fmt: skip


def made_in(tree):
    """The calls that make a finding or a control, with what they make."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("Finding", "Control", "Control.of"):  # those of draws have their null's
                yield ("finding" if called == "Finding" else "control"), node


@functools.cache
def files():
    found = {path.relative_to(SRC).as_posix(): path for path in SRC.rglob("*.py")}
    return {name: ast.parse(path.read_text()) for name, path in found.items() if name != "claims/keys.py"}


def literals(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def test_every_finding_and_control_is_made_with_a_listed_key():
    listed = {"finding": FINDINGS, "control": CONTROLS}
    for name, tree in files().items():
        for made, call in made_in(tree):
            if any(keyword.arg is None for keyword in call.keywords):
                continue  # made again from its own values
            keys = [keyword.value for keyword in call.keywords if keyword.arg == "key"]
            where = f"{name}:{call.lineno} makes a {made}"
            assert len(keys) == 1, f"{where} without key="
            if isinstance(keys[0], ast.Constant):
                assert keys[0].value in listed[made], (
                    f"{where} of the key {keys[0].value!r}; list it in keys.py"
                )
            else:
                assert name in HANDED_ON, f"{where} whose key is no literal"


def test_every_null_has_a_listed_key():
    found = [
        ast.literal_eval(node.args[0])
        for tree in files().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Null"
    ]
    assert len(found) > 8
    assert set(found) <= CONTROLS.keys()


def test_every_listed_key_is_used():
    used = set().union(*(literals(tree) for name, tree in files().items() if not name.startswith("claims/")))
    used |= {f"{of}.{site}" for of in ("sufficiency", "necessity") for site in (*SITES, "activation")}
    assert {*FINDINGS, *CONTROLS} <= used


def test_what_counts_is_listed():
    assert {key for sites in COUNTED.values() for key in sites} <= FINDINGS.keys()


WRONG = gl.Corrupted(TASK, 0.3, seed=0)
LEARNED, BY_HEART = gl.planted(TASK, [2, 5]), gl.planted(TASK, algorithm="lookup")
MADE = {
    "clock": lambda: gl.explain(LEARNED, TASK).findings,
    "lookup": lambda: gl.explain(BY_HEART, TASK).findings,
    "wrong labels": lambda: gl.explain(LEARNED, WRONG, train_index=TASK.split(0.5, seed=0)[0]).findings,
    "one component": lambda: gl.examine(gl.Snapshot(LEARNED, TASK), gl.Circuit("C13", [2])),
    "every component": lambda: gl.examine(gl.Snapshot(BY_HEART, TASK), gl.Circuit("C13", range(1, 7))),
}


@pytest.mark.parametrize("name", MADE)
def test_keys_are_listed_and_known_once_each(name):
    findings = MADE[name]()
    keys = [finding.key for finding in findings]
    assert set(keys) <= FINDINGS.keys()
    assert len(set(keys)) == len(keys)
    for finding in findings:
        controls = [control.key for control in finding.controls]
        assert set(controls) <= CONTROLS.keys(), finding.key
        assert len(set(controls)) == len(controls), finding.key


def test_a_finding_is_looked_up_by_its_key():
    why = gl.explain(gl.planted(TASK, [2, 5]), TASK)
    assert why.finding("necessity.logits") is by_key(why.findings)["necessity.logits"]
    assert why.finding("necessity.logits").control("equal_energy").draws >= 20
    with pytest.raises(
        UnknownName, match=r"no finding 'necesity\.logits' here; did you mean 'necessity\.logits'"
    ):
        why.finding("necesity.logits")
    with pytest.raises(UnknownName, match=r"no control 'weather' here; the keys are random_subspace, "):
        why.finding("necessity.logits").control("weather")
    with pytest.raises(UnknownName, match="No finding here has a key"):
        with_key([Finding("it rains", None, "", "undecided")], "weather")


def test_a_control_without_a_key_is_as_it_was():
    assert Control("sun", 1.0, 0.5, 1.5, 2) == Control.of("sun", [0.5, 1.5])
    assert Control.of("sun", [1.0]).to_dict() == {
        "name": "sun",
        "mean": 1.0,
        "low": 1.0,
        "high": 1.0,
        "draws": 1,
    }
    assert Control.of("sun", [1.0], key="sun").to_dict()["key"] == "sun"
