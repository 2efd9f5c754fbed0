"""A number outside the range that its measure declares is said, with where; rounding at its ends is not."""

import json
import math
import warnings

import numpy as np
import pytest
import xarray as xr

import groklens as gl


def constant(value, ends):
    @gl.measure(long_name="odd", units="", valid_range=ends, source="here")
    def odd(snapshot):
        return value(snapshot) if callable(value) else value

    return odd


def by_neuron(snapshot):
    return xr.DataArray(np.array([0.2, 0.3 + snapshot.step, np.nextafter(1, 2)]), dims="neuron")


@pytest.mark.parametrize(
    ("value", "ends", "said"),
    [
        (1.5, (0, 1), r"odd gave \d values outside its valid_range \(0 to 1\), the furthest 1\.5 at step "),
        (-0.1, (0, math.inf), r"\(0 to inf\), the furthest -0\.1 at step "),
        (4.0, (-1e9, 3), "the furthest 4 at step "),
        (by_neuron, (0, 1), r"odd gave \d values? outside .* the furthest [\d.]+ at step [1-9]"),
    ],
    ids=["above", "below", "at one end", "in an array"],
)
def test_a_value_outside_is_warned_of(tiny_run, value, ends, said):
    with pytest.warns(UserWarning, match=said) as caught:
        table = gl.track(tiny_run, constant(value, ends))
    assert len(caught) == 1
    assert json.loads(table.attrs["left_out"]) == {}
    assert dict(table.odd.sizes)["step"] == len(tiny_run.steps)


def named(snapshot):
    return xr.DataArray(["sign", "standard"], dims="component", coords={"component": ["a", "b"]})


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        (named, (0, 1)),
        (1 + 1e-7, (0, 1)),
        (-1e-7, (0, 1)),
        (0.5, (0, 1)),
        (1e12, (-math.inf, math.inf)),
        (1.0, (1, 1)),
    ],
)
def test_rounding_is_no_value_outside(tiny_run, value, ends):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gl.track(tiny_run, constant(value, ends))
