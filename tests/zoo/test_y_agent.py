"""A trajectory of He et al. (2026): the stored numbers at every step, and no circuit where it is not there yet."""

import pytest

import groklens as gl


@pytest.fixture(scope="module")
def run(zoo):
    return gl.load(zoo / "y_agent" / "p23_relu_wd2")


def test_stored_accuracies_at_every_step(run):
    stored = run.history
    for step in run.steps:
        snapshot = run.at(step)
        for name in ("train_accuracy", "test_accuracy"):
            measured = getattr(gl.measures, name)(snapshot)
            # The authors stored numbers of the update beside the weights after it: an input or two may differ.
            assert measured == pytest.approx(float(stored[name].sel(step=step)), abs=0.02)
        # The authors stored losses of the update beside the weights after it.
        assert gl.measures.test_loss(snapshot) == pytest.approx(
            float(stored["test_loss"].sel(step=step)), rel=0.02
        )


def test_structure_grows_though_accuracy_stops(run, golden):
    expected = golden["y_agent"]["p23_relu_wd2"]
    first, last = gl.measures.ipr(run.at(run.steps[0])), gl.measures.ipr(run.final)
    assert [first, last] == pytest.approx(expected["ipr_first_last"], rel=5e-3)
    assert gl.measures.test_accuracy(run.final) == pytest.approx(expected["final_test_accuracy"], abs=1e-3)


def test_algorithm_is_among_the_allowed(run, golden):
    why = gl.explain(run)
    assert why.algorithm in golden["y_agent"]["p23_relu_wd2"]["algorithm"]
    assert why.circuit is None
