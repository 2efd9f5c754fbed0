"""Tables as data frames: nothing multiplied, nothing lost."""

import numpy as np
import pytest
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import frame

TASK = gl.ModularArithmetic(11)


@pytest.fixture(scope="module")
def table():
    models = {step: gl.MLP(d_mlp=16).build(TASK, seed=step) for step in (0, 5, 9)}
    return gl.track(gl.Run.of(models, TASK), ["loss", "logit_similarity", "neuron_explained"])


def test_one_row_a_step_and_a_column_a_label(table):
    found = frame(table)
    assert found.index.name == "step"
    assert list(found.index) == [0, 5, 9]
    assert found.shape == (3, 1 + 5 + 16)
    np.testing.assert_array_equal(found["loss"], table["loss"])
    np.testing.assert_array_equal(found["logit_similarity[3]"], table["logit_similarity"].sel(component=3))
    np.testing.assert_array_equal(found["neuron_explained[15]"], table["neuron_explained"].sel(neuron=15))


def test_one_row_a_value(table):
    found = frame(table, long=True)
    assert list(found.columns) == ["step", "measure", "component", "neuron", "value"]
    assert len(found) == 3 * (1 + 5 + 16)
    of_one = found[(found["measure"] == "logit_similarity") & (found["component"] == 3)]
    np.testing.assert_array_equal(of_one["value"], table["logit_similarity"].sel(component=3))
    assert found[found["measure"] == "loss"]["component"].isna().all()


def test_two_labels_are_both_named():
    clock = gl.Snapshot(gl.planted(TASK, [2]), TASK)
    found = frame(gl.track(clock, gl.measures.ActivationSpectrum()))
    assert "activation_spectrum[2, own]" in found.columns
    assert len(found.columns) == 5 * 4


def test_an_explanations_table_is_one(table):
    why = gl.explain(gl.planted(TASK, [2, 3]), TASK)
    assert len(frame(why.table)) == 1
    assert len(gl.frame(table)) == 3


def test_what_holds_for_the_whole_run_stands_at_every_step():
    names = {"reference": ["uniform", "bigram"]}
    found = xr.Dataset(
        {"loss": ("step", [2.0, 1.0]), "reference_loss": ("reference", [3.0, 0.5])},
        {"step": [0, 10], **names},
    )
    wide = gl.frame(found)
    assert wide["reference_loss[bigram]"].tolist() == [0.5, 0.5]
    assert wide["loss"].tolist() == [2.0, 1.0]
    long = gl.frame(found, long=True)
    told = long[(long["measure"] == "reference_loss") & (long["reference"] == "uniform")]
    assert told[["step", "value"]].values.tolist() == [[0, 3.0], [10, 3.0]]


def test_what_is_no_table():
    with pytest.raises(BadArgument, match=r"make one with gl\.track"):
        frame([1, 2])


def test_a_table_without_steps_has_a_row_per_place():
    table = xr.Dataset({"score": ("head", [0.1, 0.9])}, {"head": ["0.0", "0.1"]})
    assert gl.frame(table).to_dict("list") == {"head": ["0.0", "0.1"], "score": [0.1, 0.9]}
