"""Networks rebuilt from models that others trained: what 2603.23784 reports, seen in a run of He et al. (2026)."""

import pytest

import groklens as gl
from groklens.measures import RebuiltAccuracy


def test_the_algorithm_is_there_before_the_network_answers(zoo):
    run = gl.load(zoo / "y_agent" / "p23_relu_wd2")
    every = gl.Circuit("C23", range(1, 12))
    table = gl.track(run, ["rebuilt_accuracy", "test_accuracy"], every, steps=[0, 400, 800, 49_800])
    assert table["test_accuracy"].values[1:3].tolist() == [0, 0]
    assert table["rebuilt_accuracy"].values[0] < 0.1
    assert (table["rebuilt_accuracy"].values[1:] > 0.95).all()
    early = run.at(400)
    for control in ("relabelled", "shuffled"):
        assert RebuiltAccuracy(control)(early, every) < 0.2


@pytest.mark.parametrize(
    ("model", "frequencies"),
    [
        ("nanda/wd_10-1_mod_addition_loss_curve.pth", [6, 23, 37, 39, 41]),
        ("pizza/model_l8k1hzciux.pt", [13, 16, 21]),
        ("pizza/model_h9m153uuh9.pt", [3, 15, 23]),
        ("rep_theory/C113_T_seed1", [16, 30, 56]),
    ],
)
def test_clocks_and_pizzas_are_networks_of_pure_waves(zoo, model, frequencies):
    last = gl.load(zoo / model).final
    assert RebuiltAccuracy()(last, frequencies) >= 0.99
    assert RebuiltAccuracy("relabelled")(last, frequencies) < 0.1
