"""A sweep draws every seed where it is."""

import numpy as np
import pytest
import xarray as xr

from groklens.errors import BadArgument, UnknownName
from groklens.views import sweep

WIDTHS = [2.0, 8.0, 32.0]


def table():
    rng = np.random.default_rng(0)
    found = xr.Dataset(coords={"seed": [0, 1], "width": WIDTHS})
    found["width"].attrs = {"long_name": "hidden width", "units": "neurons"}
    for name, units in (("test_error", "error"), ("train_error", "error"), ("norm", "norm")):
        found[name] = (
            ("seed", "width"),
            rng.random((2, 3)),
            {"long_name": name.replace("_", " "), "units": units},
        )
    return found


def test_each_seed_of_each_variable_is_a_line_at_its_values():
    found = table()
    figure = sweep(found, marks={"train error is 0": 8.0})
    assert len(figure.data) == 6
    np.testing.assert_array_equal(figure.data[1].y, found["test_error"].values[1])
    np.testing.assert_array_equal(figure.data[1].x, WIDTHS)
    assert [trace.showlegend for trace in figure.data] == [True, False] * 3
    assert len({axis for trace in figure.data if (axis := trace.yaxis)}) == 2  # errors, norm
    mark = next(shape for shape in figure.layout.shapes)
    assert (mark.name, mark.x0, mark.x1) == ("train error is 0", 8.0, 8.0)
    assert figure.layout.xaxis2.title.text == "hidden width (neurons)"
    assert "test error" in figure.text
    assert figure.png[:4] == b"\x89PNG"


def test_one_line_without_seeds_and_linear_axes():
    figure = sweep(table().isel(seed=0), ["norm"], log_x=False)
    assert len(figure.data) == 1
    assert figure.layout.xaxis.type == "linear"
    assert sweep(table(), ["norm"], log_y=True).layout.yaxis.type == "log"


def test_what_lies_along_no_axis_or_two_is_refused():
    with pytest.raises(UnknownName, match="it has test_error"):
        sweep(table(), ["loss"])
    two = table()
    two["other"] = (("depth",), np.zeros(2))
    with pytest.raises(BadArgument, match="depth, width"):
        sweep(two)
    with pytest.raises(BadArgument, match="log_x=False"):
        sweep(table().assign_coords(width=[0.0, 1.0, 2.0]), ["norm"])
    with pytest.raises(BadArgument, match="no variable"):
        sweep(table(), [])
