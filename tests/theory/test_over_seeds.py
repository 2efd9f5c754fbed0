"""Tables of seeds along an axis, against numbers by hand."""

import numpy as np
import pytest

from groklens.errors import BadArgument
from groklens.theory import mean_and_error, sweep_rows, sweep_table

ALONG = ("width", [1, 2, 4, 8], "hidden width")
ROWS = [[5.0, 1.0, 4.0, 0.5], [5.0, 1.2, 4.2, 0.5], [5.0, 0.8, 4.4, 0.5]]


def table(rows=ROWS, seeds=(0, 1, 2)):
    return sweep_table(ALONG, seeds, {"test": (rows, "test error", "share wrong")})


def test_a_table_says_what_its_numbers_are():
    found = table()
    assert found["test"].dims == ("seed", "width")
    assert found["test"].attrs == {"long_name": "test error", "units": "share wrong"}
    assert found["width"].attrs == {"long_name": "hidden width"}
    assert found["test"].sel(seed=1, width=2).item() == 1.2
    assert sweep_table(ALONG, [0], {"closed": ([1, 2, 3, 4], "", "")})["closed"].dims == ("width",)


def test_rows_of_measured_numbers_make_the_same_table():
    rows = [[{"test": value, "other": 0} for value in row] for row in ROWS]
    assert sweep_rows(ALONG, (0, 1, 2), rows, {"test": ("test error", "share wrong")}).identical(table())


def test_the_mean_and_its_standard_error():
    mean, error = mean_and_error(table()["test"])
    np.testing.assert_allclose(mean, np.mean(ROWS, axis=0))
    np.testing.assert_allclose(error, np.std(ROWS, axis=0, ddof=1) / np.sqrt(3))
    assert np.isnan(mean_and_error(table(ROWS[:1], [0])["test"])[1]).all()
    over = mean_and_error(table()["test"].rename(seed="draw"), over="draw")
    np.testing.assert_allclose(over[1], error)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: table(ROWS[:2]), r"test has shape \(2, 4\); give a number for each of 3 seeds and 4"),
        (lambda: mean_and_error(table()["test"].isel(seed=0)), "over 'seed', and there is width"),
    ],
)
def test_other_shapes_are_refused(wrong, said):
    with pytest.raises(BadArgument, match=said):
        wrong()
