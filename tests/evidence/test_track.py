"""A table over steps: what it labels, what it leaves out and says so, and how it fails."""

import json
import math

import numpy as np
import pytest
import torch
import xarray as xr

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument, UnknownName

TASK = gl.ModularArithmetic(13, "add")
TRAIN, _ = TASK.split(0.5, seed=0)
KEY = gl.Circuit("C13", [2, 5])


class Steps:
    """A run in memory: a planted clock whose readout grows from nothing."""

    name = "growing"

    def __init__(
        self, task=TASK, train_index=TRAIN, scales=None, plant=lambda task: gl.planted(task, [2, 5])
    ):
        self.task, self._train_index, self._plant = task, train_index, plant
        self._scales = {0: 0.0, 10: 0.05, 40: 1.0} if scales is None else scales
        self.read = []

    @property
    def steps(self):
        return list(self._scales)

    def at(self, step):
        self.read.append(step)
        if step not in self._scales:
            raise UnknownName(f"no step {step}")
        model = self._plant(self.task)
        with torch.no_grad():
            model.W_U.mul_(self._scales[step])
        return gl.Snapshot(model, self.task, step=step, train_index=self._train_index)


@pytest.fixture(scope="module")
def table():
    return gl.track(Steps(), measures.PROGRESS)


def test_one_variable_a_measure_over_steps(table):
    assert list(table.data_vars) == [measure.__name__ for measure in measures.PROGRESS]
    assert table["step"].values.tolist() == [0, 10, 40]
    assert table["step"].attrs["units"] == "updates"
    for variable in table.data_vars.values():
        assert variable.dims[0] == "step"
        assert set(variable.dims[1:]) <= {"component", "neuron"}
        assert {"long_name", "units", "valid_range", "source", "split"} <= set(variable.attrs)
        assert variable.attrs["units"]


def test_values_are_those_of_the_measures(table):
    snapshot = Steps().at(10)
    for measure in measures.PROGRESS:
        there = table[measure.__name__].sel(step=10)
        here = measure(snapshot, KEY)
        if isinstance(here, xr.DataArray) and "component" in here.dims:
            there = there.sel(component=here["component"])
        assert np.array_equal(np.asarray(here), there.values), measure.__name__


def test_the_circuit_is_found_in_the_last_snapshot_and_recorded(table):
    assert json.loads(table.attrs["circuit"]) == {"group": "C13", "components": [2, 5]}
    assert json.loads(table.attrs["left_out"]) == {}
    assert table.attrs["run"] == "growing"
    assert table.attrs["task"] == TASK.name
    loss = table["restricted_loss"].values
    assert loss[0] == pytest.approx(math.log(13))
    assert loss[0] > loss[1] > loss[2]


def test_a_given_circuit_is_used_instead():
    table = gl.track(Steps(), [measures.restricted_loss], gl.Circuit("C13", [1, 3]))
    assert json.loads(table.attrs["circuit"])["components"] == [1, 3]
    np.testing.assert_allclose(table["restricted_loss"], math.log(13), atol=1e-3)


def test_each_step_is_read_once():
    run = Steps()
    gl.track(run, measures.PROGRESS)
    assert sorted(run.read) == [0, 10, 40]


def test_some_steps_only():
    table = gl.track(Steps(), [measures.loss], steps=[0, 40])
    assert table["step"].values.tolist() == [0, 40]
    with pytest.raises(UnknownName, match="no step 41"):
        gl.track(Steps(), [measures.loss], steps=[41])


def test_what_cannot_be_taken_is_left_out_and_named():
    run = Steps(train_index=None, plant=lambda task: gl.planted(task, algorithm="lookup"))
    table = gl.track(run, measures.PROGRESS)
    left_out = json.loads(table.attrs["left_out"])
    assert table.attrs["circuit"] == ""
    assert left_out["train_loss"] == ["split"]
    assert left_out["restricted_loss"] == ["circuit"]
    assert set(left_out["excluded_loss"]) == {"circuit", "split"}
    assert set(table.data_vars) | set(left_out) == {measure.__name__ for measure in measures.PROGRESS}
    assert not set(table.data_vars) & set(left_out)


def test_a_task_without_a_group_keeps_what_needs_none():
    run = Steps(gl.RandomTable(7), None, plant=lambda task: gl.planted(task, algorithm="lookup"))
    table = gl.track(run, measures.PROGRESS)
    assert {"loss", "all_accuracy", "sum_squared_weights"} == set(table.data_vars)
    assert json.loads(table.attrs["left_out"])["ipr"] == ["group"]


def test_a_measure_of_ones_own_is_tracked_with_its_attributes():
    @gl.measure(long_name="largest logit", units="logit", valid_range=(-1e9, 1e9), source="this test")
    def largest_logit(snapshot):
        return float(snapshot.logits.max())

    table = gl.track(Steps(), [largest_logit])
    np.testing.assert_allclose(table["largest_logit"], [0, 3, 60], rtol=1e-4)
    assert table["largest_logit"].attrs["units"] == "logit"


def test_a_failing_measure_is_named_with_its_step_and_run():
    @gl.measure(long_name="fails", units="x", valid_range=(0, 1), source="this test")
    def fails_late(snapshot):
        if snapshot.step == 10:
            raise BadArgument("no luck today")
        return 0.0

    with pytest.raises(BadArgument, match="fails_late at step 10 of growing: no luck today"):
        gl.track(Steps(), [measures.loss, fails_late])


def test_a_number_that_is_not_finite_is_refused():
    @gl.measure(long_name="nan", units="x", valid_range=(0, 1), source="this test")
    def undefined(snapshot):
        return float("nan")

    with pytest.raises(BadArgument, match="undefined at step 0 of growing is nan"):
        gl.track(Steps(), [undefined])

    @gl.measure(long_name="inf", units="x", valid_range=(0, 1), source="this test")
    def unbounded(snapshot):
        return xr.DataArray([0.0, math.inf, math.nan], dims="neuron")

    with pytest.raises(BadArgument, match="unbounded at step 0 of growing has 2 values that are not finite"):
        gl.track(Steps(), [unbounded])


def test_weights_that_are_not_finite_are_named_with_their_step():
    with pytest.raises(BadArgument, match=r"loss at step 10 of growing: .*not finite"):
        gl.track(Steps(scales={0: 1.0, 10: math.nan, 40: 1.0}), [measures.loss])
    with pytest.raises(BadArgument, match=r"sum_squared_weights at step 10 of growing is nan"):
        gl.track(Steps(scales={0: 1.0, 10: math.nan, 40: 1.0}), [measures.sum_squared_weights])
    with pytest.raises(BadArgument, match=r"neuron_logit_spectrum at step 10"):
        gl.track(Steps(scales={0: 1.0, 10: math.nan, 40: 1.0}), [measures.neuron_logit_spectrum])


def test_nothing_to_do_is_refused():
    for arguments in ((Steps(), []), (Steps(scales={}), [measures.loss])):
        with pytest.raises(BadArgument, match="at least one measure and one kept step"):
            gl.track(*arguments)


def test_a_table_can_be_saved_and_read():
    table = gl.track(Steps(), [measures.loss, measures.embedding_spectrum])
    again = xr.Dataset.from_dict(json.loads(json.dumps(table.to_dict())))
    xr.testing.assert_identical(again.drop_attrs(), table.drop_attrs())
