"""`groklens explain PATH --json -` in a shell of its own, on one model of each kind that others publish."""

import json
import subprocess
import sys
import time

import pytest

VERDICTS = ("supported", "refuted", "undecided")
KEYS = {
    "schema", "run", "task", "generalised", "algorithm", "verdict", "key_components", "circuit", "phases",
    "findings",
}  # fmt: skip
MODELS = {
    "pizza": "p99zdpze5l",
    "rep_theory": "A5_MLP_seed1",
    "nanda": "wd_10-1_mod_addition_loss_curve",
    "y_agent": "p23_relu_wd2",
}


def path_of(zoo, kind, name):
    files = {"pizza": f"model_{name}.pt", "nanda": f"{name}.pth"}
    return zoo / kind / files.get(kind, name)


def is_interval(value):
    return value is None or (len(value) == 2 and value[0] <= value[1])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), MODELS.items(), ids=list(MODELS))
def test_explain_prints_the_promised_json(zoo, golden, kind, name):
    command = [sys.executable, "-m", "groklens.cli", "explain", str(path_of(zoo, kind, name)), "--json", "-"]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"\n{kind}/{name}: {time.perf_counter() - start:.1f} s")  # noqa: T201  read with -s; no claim
    assert done.returncode == 0, done.stderr
    why = json.loads(done.stdout)  # nothing else on standard output
    assert set(why) >= KEYS
    expected = golden[kind][name]
    assert why["algorithm"] in expected["algorithm"]
    assert why["verdict"] in VERDICTS
    found = why["circuit"] is not None
    assert (why["generalised"], why["verdict"] == "supported") == (found, found)
    if found:
        assert set(why["circuit"]) >= {"group", "components"}
        assert set(why["circuit"]["components"]) <= set(why["key_components"])
    if "frequencies" in expected:
        assert why["circuit"]["components"] == sorted(map(int, expected["frequencies"]))
    assert all(
        is_interval(phase[end]) and phase["name"] for phase in why["phases"] for end in ("start", "end")
    )
    assert why["findings"]
    for finding in why["findings"]:
        assert set(finding) >= {"claim", "value", "controls", "verdict", "source"}
        assert finding["verdict"] in VERDICTS
    assert any(finding["controls"] for finding in why["findings"])
