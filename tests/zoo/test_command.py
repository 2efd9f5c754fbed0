"""`groklens explain PATH --json -` on one model of each kind that others publish, once in a shell of its own."""

import json

import pytest

import warm

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
def test_a_shell_of_its_own_prints_the_promised_json(zoo, golden):
    path = path_of(zoo, "pizza", MODELS["pizza"])
    done = warm.run("-m", "groklens.cli", "explain", path, "--json", "-")
    assert done.returncode == 0, done.stderr
    check_promised(done.stdout, golden["pizza"][MODELS["pizza"]])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "pizza"])
def test_explain_prints_the_promised_json(zoo, golden, shell, kind):
    name = MODELS[kind]
    status, out, err = shell("explain", path_of(zoo, kind, name), "--json", "-")
    assert status == 0, err
    check_promised(out, golden[kind][name])


def check_promised(printed, expected):
    """That what was printed is an explanation as JSON and nothing else, and says what is known of the model."""
    why = json.loads(printed)
    assert set(why) >= KEYS
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
