"""Every shipped run is explained by the numbers that 0.1 found; the words may change.

Those of one layer on a grid of operands have the rounding of float32 in another order since: a number may differ by
what that does to it, a share of right answers by two inputs whose two largest logits all but tie.
`why_0_1` holds what `gl.explain(run).to_json(path)` wrote before the second layout.
"""

import json
from pathlib import Path

import pytest

from groklens.explain import validate

FILES = Path(__file__).parent / "why_0_1"
RUNS = ("a5", "mod113", "mod113-no-decay", "mul97", "random-table")
SAME = (
    "schema", "run", "task", "generalised", "algorithm", "verdict", "key_components", "circuit", "phases",
)  # fmt: skip
#: Keys of 0.1 that findings no longer go by, and those that they go by now.
RENAMED: dict[str, str] = {}


#: What 0.1 called refuted, by run and key, and is undecided: no circuit is asked for where there is no group.
NOT_ASKED = {("random-table", "circuit")}

#: Runs of one layer on a grid: so many inputs each.
ROUNDED = {"mod113": 113**2, "mod113-no-decay": 113**2, "mul97": 96**2}


def close(value, abs=1e-9):
    return None if value is None else pytest.approx(value, rel=max(1e-9, abs), abs=abs, nan_ok=True)


def rounding(run, units):
    """How far a number in these units may be from that of before, by the run that it is of."""
    if run not in ROUNDED:
        return 1e-9
    return 2 / ROUNDED[run] if units == "accuracy" else 1e-6


def by_key(findings):
    """Findings by their keys, which every one has for itself."""
    found = {finding.get("key"): finding for finding in findings}
    assert all(found)
    assert len(found) == len(findings)
    return found


def check_same(now, before):
    """Raise AssertionError where the values of an explanation are not those of before."""
    assert {name: now[name] for name in SAME} == {name: before[name] for name in SAME}
    findings = by_key(now["findings"])
    expected = {RENAMED.get(key, key): finding for key, finding in by_key(before["findings"]).items()}
    assert set(findings) == set(expected)
    for key, finding in expected.items():
        if (before["run"], key) in NOT_ASKED:
            finding = {**finding, "verdict": "undecided"}
        check_finding(findings[key], finding, rounding(before["run"], finding["units"]))


def check_finding(now, before, far):
    assert (now["units"], now["verdict"]) == (before["units"], before["verdict"]), before["claim"]
    assert now["value"] == close(before["value"], far), before["claim"]
    assert len(now["controls"]) == len(before["controls"]), before["claim"]
    for own, control in zip(now["controls"], before["controls"], strict=True):
        for number in ("mean", "low", "high", "draws"):
            assert own[number] == close(control[number], far), (before["claim"], control["name"], number)


def written(name):
    return json.loads((FILES / f"{name}.json").read_text(encoding="utf-8"))


def test_every_shipped_run_was_explained():
    assert sorted(file.stem for file in FILES.iterdir()) == sorted(RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_numbers_are_those_of_before(name, shipped, explained):
    assert shipped(name).finished
    now = json.loads(explained(name).to_json())
    check_same(now, written(name))
    validate(now)


def change_value(why):
    why["findings"][3]["value"] += 1e-3


def change_control(why):
    next(finding for finding in why["findings"] if finding["controls"])["controls"][-1]["low"] -= 1e-3


def change_verdict(why):
    why["findings"][-1]["verdict"] = "refuted" if why["findings"][-1]["verdict"] != "refuted" else "supported"


def change_phases(why):
    why["phases"][0]["end"] = None


def lose_a_finding(why):
    del why["findings"][2]


def lose_a_key(why):
    why["findings"][2]["key"] = ""


def lose_a_control(why):
    del next(finding for finding in why["findings"] if finding["controls"])["controls"][0]


@pytest.mark.parametrize(
    "change",
    [
        change_value,
        change_control,
        change_verdict,
        change_phases,
        lose_a_finding,
        lose_a_key,
        lose_a_control,
    ],
)
def test_a_change_of_the_numbers_is_seen(change):
    why = written("mod113")
    change(why)
    with pytest.raises(AssertionError):
        check_same(why, written("mod113"))


@pytest.mark.parametrize("name", RUNS)
def test_what_rounding_is_allowed(name):
    """None where nothing was computed in another order."""
    why = written(name)
    numbers = [finding for finding in why["findings"] if isinstance(finding["value"], float)]
    for finding in numbers:
        finding["value"] += 1e-7
    if name in ROUNDED:
        check_same(why, written(name))
    else:
        with pytest.raises(AssertionError):
            check_same(why, written(name))


def test_words_order_and_new_fields_are_no_change():
    why = written("mod113")
    why["findings"].reverse()
    for finding in why["findings"]:
        finding |= {"claim": "another sentence", "note": "", "source": "elsewhere", "sites": ["logits"]}
        for control in finding["controls"]:
            control["name"] = "another name"
    check_same(why | {"headline": "In other words.", "hypothesis": None}, written("mod113"))
