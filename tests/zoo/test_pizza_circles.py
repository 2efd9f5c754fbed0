"""Circles, doubling, heads and phases of models that others trained."""

import numpy as np
import pytest

import groklens as gl
from groklens import measures


@pytest.fixture(scope="module")
def snapshots(zoo):
    names = ("p99zdpze5l", "l8k1hzciux", "h9m153uuh9", "p71frej8t7")
    return {name: gl.load(zoo / "pizza" / f"model_{name}.pt").final for name in names}


@pytest.fixture(scope="module")
def mainline(zoo):
    return gl.load(zoo / "nanda" / "wd_10-1_mod_addition_loss_curve.pth").final


def by_name(array):
    return dict(zip(array["component"].values.tolist(), array.values.tolist(), strict=True))


def test_circles_of_the_pizza_are_the_authors(snapshots, golden):
    expected, snapshot = golden["pizza"]["p99zdpze5l"], snapshots["p99zdpze5l"]
    clock, pizza = (
        by_name(measure(snapshot)) for measure in (measures.circle_clock_fve, measures.circle_pizza_fve)
    )
    for circle in expected["circle_fve"]:
        inverse = pow(circle["delta"], -1, 59)
        k = min(inverse, 59 - inverse)
        assert clock[k] == pytest.approx(circle["clock"], rel=expected["tol"])
        assert pizza[k] == pytest.approx(circle["pizza"], rel=expected["tol"])
    accompanying = measures.circle_accompanying_fve(snapshot).values[3:]
    assert accompanying.tolist() == pytest.approx(expected["accompanying_pizza_fve"], rel=expected["tol"])
    assert measures.circle_accompanying_fve(snapshot)["component"].values[3:].tolist() == [25, 6, 29]


def test_isolation_is_not_faithful_to_the_clock(snapshots):
    """The values of analyses that recomputed it; circle δ = 9 has frequency 13, δ = 11 has 16."""
    snapshot = snapshots["l8k1hzciux"]
    clock = by_name(measures.circle_clock_fve(snapshot))
    pizza = by_name(measures.circle_pizza_fve(snapshot))
    assert [clock[13], pizza[13]] == pytest.approx([0.766, 0.596], abs=1e-3)
    assert [clock[16], pizza[16]] == pytest.approx([0.051, -0.053], abs=1e-3)


def test_doubling_holds_of_a_circle_and_not_of_the_whole_model(snapshots):
    for name in ("p99zdpze5l", "h9m153uuh9", "p71frej8t7"):
        key = measures.key_components(snapshots[name])
        alone = measures.circle_doubling(snapshots[name]).sel(component=key)
        whole = measures.frequency_doubling(snapshots[name]).sel(component=key)
        assert ((alone > 0.1) & (alone < 0.13)).all()
        assert (whole <= 0.0011).all()
    clock = snapshots["l8k1hzciux"]
    assert (measures.circle_doubling(clock).sel(component=[13, 16]) < 0.005).all()
    assert (measures.frequency_doubling(clock).sel(component=[13, 16, 21]) > 0.0011).all()


@pytest.mark.parametrize(
    ("name", "expected"), [("p99zdpze5l", 0.9948), ("l8k1hzciux", 0.9832), ("h9m153uuh9", 0.9944)]
)
def test_cosines_of_the_answer_explain_the_logits_of_both(snapshots, name, expected):
    assert measures.logit_similarity_fve(snapshots[name]) == pytest.approx(expected, abs=6e-5)


def test_characters_explain_logits_as_published(zoo, golden):
    snapshot = gl.load(zoo / "rep_theory" / "C113_MLP_seed1").final
    expected = golden["rep_theory"]["C113_MLP_seed1"]["logit_fve"]
    assert measures.logit_similarity_fve(snapshot) == pytest.approx(expected, abs=5e-5)


def test_what_neurons_write_outside_the_circuit(mainline, golden):
    expected = golden["nanda"]["wd_10-1_mod_addition_loss_curve"]
    circuit = gl.Circuit("C113", [int(k) for k in expected["frequencies"]])
    residual = measures.neuron_logit_residual(mainline, circuit)
    assert residual == pytest.approx(expected["W_L_residual_frobenius"], rel=expected["tol"])


def test_heads_of_the_clock_attend_by_its_frequencies(snapshots):
    """0.99 each; a pizza's heads, whose attention is constant by construction, follow nothing so closely."""
    clock, pizza = snapshots["l8k1hzciux"], snapshots["p99zdpze5l"]
    assert set(measures.attention_component(clock).values.tolist()) == {13, 16}
    assert (measures.attention_explained(clock) > 0.98).all()
    assert (measures.attention_explained(pizza) < 0.6).all()


def test_phases_add_up_in_one_layer(snapshots):
    for name, bound in (("p99zdpze5l", 0.02), ("l8k1hzciux", 0.06)):
        clustered = measures.neuron_explained(snapshots[name]).values >= 0.85
        assert clustered.sum() > 400
        assert np.mean(measures.phase_relation(snapshots[name]).values[clustered]) < bound
    assert measures.phase_relation(snapshots["h9m153uuh9"]).mean() > 1  # its first layer has added them
