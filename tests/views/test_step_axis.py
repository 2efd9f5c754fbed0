"""Where steps stand on a log axis, and which of them are named."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.views.drawing.axes import StepAxis

#: Pixels that plotly gives an axis of steps on a phone of 390, and a digit of a label.
WIDE, DIGIT = 270, 7
KEPT = st.sets(st.integers(0, 10**7), min_size=3, max_size=30).map(sorted)


def _axis(steps, columns=1):
    table = xr.Dataset(coords={"step": steps})
    return StepAxis.of(table, log=True, columns=columns)


def _labels(steps, columns=1):
    """The labels of an axis: text, and the pixels that it takes from one to another."""
    axis = _axis(steps, columns)
    drawn = axis.axis("step")
    low, high = drawn["range"]
    at = [WIDE / columns * (np.log10(value) - low) / (high - low) for value in drawn["tickvals"]]
    half = [DIGIT * len(text) / 2 for text in drawn["ticktext"]]
    return axis, list(zip(drawn["ticktext"], at, np.subtract(at, half), np.add(at, half), strict=True))


@given(KEPT, st.integers(1, 3))
@settings(max_examples=300, deadline=None)
@example([0, 200, 300, 400], 1)
@example([0, 100, 1000, 50_000], 3)
@example([0, 999_999, 1_000_000], 1)
def test_no_two_labels_overlap_whatever_steps_are_kept(steps, columns):
    _, labels = _labels(steps, columns)
    for (_, _, _, end), (_, _, start, _) in pairwise(labels):
        assert start - end >= 4


@given(KEPT)
@settings(max_examples=300, deadline=None)
@example([0, 200, 300])
@example([0, 2, 4])
def test_step_zero_is_on_no_tick_and_every_tick_is_among_the_steps(steps):
    axis, labels = _labels(steps)
    positive = [step for step in steps if step > 0]
    named = [float(text.replace(",", "")) for text, *_ in labels]
    assert (named[0] == 0) == (steps[0] == 0)
    assert all(positive[0] <= step <= positive[-1] for step in named if step)
    assert len([step for step in named if step]) >= 1
    if steps[0] == 0:
        assert 0.1 < axis.share(positive[0]) - axis.share(0) < 0.15


@given(KEPT)
@settings(max_examples=100, deadline=None)
def test_every_step_is_drawn_within_the_axis_in_its_order(steps):
    axis = _axis(steps)
    places = [axis.at(step) for step in steps]
    low, high = axis.axis("step")["range"]
    assert all(np.diff(places) > 0)
    assert low < np.log10(places[0])
    assert np.log10(places[-1]) < high
    assert (axis.share(steps[0]), axis.share(steps[-1])) == (0, 1)


def test_a_long_run_is_named_by_powers_of_ten_and_a_short_one_more_finely():
    assert [text for text, *_ in _labels([0, 1, 10, 40_000])[1]] == ["0", "1", "10", "100", "1,000", "10,000"]
    assert [text for text, *_ in _labels([10, 20, 100])[1]] == ["10", "20", "50", "100"]


def test_what_happened_between_step_zero_and_the_first_after_it_is_drawn_between_them():
    axis = _axis([0, 100, 200])
    places = [axis.at(step) for step in (0, 20, 50, 99, 100, 150)]
    assert all(np.diff(places) > 0)
    assert places[0] == axis.start
    assert _axis([100, 200, 400]).at(50) == 100


def test_one_step_after_zero_needs_no_log_axis():
    assert not _axis([0, 5]).log


def test_a_loss_that_a_loop_reports_of_its_own_takes_no_step_from_the_others(tmp_path):
    task = gl.ModularArithmetic(5, "add")
    train, _ = task.split(0.6, seed=0)
    model = gl.MLP(d_mlp=4, d_embed=4).build(task, seed=0)
    with gl.Recorder(model, task, tmp_path / "run", keep=gl.Every(1), train_index=train) as recorder:
        for step in (1, 2):
            recorder.step(step, 0.5)
    drawn = {trace.name: list(trace.x) for trace in gl.views.curves(recorder.run).plotly.data}
    assert len(drawn["train loss"]) == 3
    assert max(map(len, drawn.values())) == 3


@pytest.mark.parametrize("log_steps", [True, False])
@pytest.mark.parametrize(
    ("steps", "said"),
    [([0, 100, 900], ""), ([1, 100, 900], ""), ([100, 500, 900], ", from 100 on"), ([1700], "")],
)
def test_an_axis_that_begins_late_says_so(steps, said, log_steps):
    table = xr.Dataset(
        {"train_loss": ("step", [1.0] * len(steps), {"units": "nats"})}, coords={"step": steps}
    )
    table["step"].attrs = {"long_name": "training step", "units": "updates"}
    figure = gl.views.curves(table, log_steps=log_steps)
    assert figure.layout.xaxis.title.text == f"training step (updates){said}"
    both = gl.views.curves(
        {"mine": table, "early": table.assign_coords(step=range(len(steps)))}, log_steps=log_steps
    )
    assert both.layout.xaxis.title.text == "training step (updates)"
