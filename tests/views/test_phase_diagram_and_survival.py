import numpy as np
import pytest
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument


@pytest.fixture(scope="module")
def events():
    """Five seeds × weight decay × share: delays fall along both, and part of the plane never generalises."""
    delay = np.array([[900.0, 300.0, 100.0], [2700.0, 900.0, 300.0], [np.nan, np.nan, 900.0]])
    delay = delay[None] * np.array([0.8, 0.9, 1.0, 1.1, 1.2])[:, None, None]
    coords = {"seed": range(5), "weight_decay": [3.0, 1.0, 0.3], "train_fraction": [0.3, 0.5, 0.7]}
    columns = {"memorised": np.full_like(delay, 100.0), "generalised": delay + 100, "settled": delay + 200}
    columns |= {"delay": delay, "last_step": np.full_like(delay, 5000.0)}
    return xr.Dataset({name: (tuple(coords), value) for name, value in columns.items()}, coords)


def test_a_square_says_the_median_delay_and_how_many_generalised(events):
    figure = gl.views.phase_diagram(gl.sweeps.over_seeds(events)).plotly
    (squares,) = figure.data
    assert np.allclose(10 ** np.array(squares.z, float)[0], [900, 300, 100])
    assert np.isnan(np.array(squares.z, float)[2, 0])
    assert squares.text[0][0] == "5/5"
    assert squares.text[2][0] == "0/5"
    assert "delay 720 to 1,080 updates" in squares.customdata[0][0]
    assert list(squares.x) == ["0.3", "0.5", "0.7"]


def test_where_nothing_generalised_there_is_no_scale_of_delays(events):
    never = events.assign(delay=events["delay"] * np.nan, generalised=events["generalised"] * np.nan)
    (squares,) = gl.views.phase_diagram(gl.sweeps.over_seeds(never)).plotly.data
    assert squares.showscale is False
    (squares,) = gl.views.phase_diagram(gl.sweeps.over_seeds(events)).plotly.data
    assert squares.showscale is True


def test_axes_can_be_exchanged_and_colours_be_phases(events):
    table = gl.sweeps.over_seeds(events, late=800)
    (squares,) = gl.views.phase_diagram(table, x="weight_decay", colour="phase").plotly.data
    assert list(squares.x) == ["3", "1", "0.3"]
    names = ["confusion", "memorisation", "grokking", "comprehension"]
    found = [[names[int(each)] for each in row] for row in squares.z]
    assert found == table["phase"].transpose("train_fraction", "weight_decay").values.tolist()


def test_one_axis_is_a_row_or_a_column_of_the_same_squares(events):
    table = gl.sweeps.over_seeds(events)
    whole = gl.views.phase_diagram(table).plotly.data[0]
    row = gl.views.phase_diagram(table.isel(weight_decay=1))
    column = gl.views.phase_diagram(table.isel(train_fraction=1), y="weight_decay").plotly.data[0]
    assert np.allclose(np.array(row.data[0].z, float), [np.array(whole.z, float)[1]])
    assert np.allclose(np.array(column.z, float)[:, 0], np.array(whole.z, float)[:, 1], equal_nan=True)
    assert (list(row.data[0].x), list(column.y)) == (list(whole.x), list(whole.y))
    assert row.text.startswith("By train_fraction: median")
    assert row.plotly.layout.yaxis.title.text == ""


def test_axes_that_are_taken_together_are_more_seeds(events):
    whole = gl.sweeps.over_seeds(events, seed=["seed", "train_fraction"])
    stacked = events.stack(run=["seed", "train_fraction"]).drop_vars(["run", "seed", "train_fraction"])
    same = gl.sweeps.over_seeds(stacked, seed="run")
    assert whole["seeds"].values.tolist() == [15, 15, 15]
    assert whole["generalised_share"].values.tolist() == [1.0, 1.0, 1 / 3]
    xr.testing.assert_identical(whole, same)
    with pytest.raises(BadArgument, match="no axis 'lr'; it has seed, weight_decay"):
        gl.sweeps.over_seeds(events, seed=["seed", "lr"])


def test_a_curve_falls_where_runs_generalise_and_stays_where_they_do_not(events):
    figure = gl.views.survival(events, by="weight_decay").plotly
    named = {trace.name: trace for trace in figure.data if trace.name}
    slow, fast = named["weight_decay 0.3"], named["weight_decay 3"]
    assert min(fast.y) == 0
    assert min(slow.y) == pytest.approx(10 / 15)
    assert max(slow.x) == 5000
    ticks = [trace for trace in figure.data if trace.mode == "markers"]
    assert [list(trace.x) for trace in ticks] == [[5000.0]]


def test_the_band_goes_on_until_the_curve_is_at_0(events):
    """Three runs, at 650, 750 and 950: between the last two a third is left, with an interval of its own."""
    soon = events.isel(seed=slice(3), weight_decay=0, train_fraction=0, drop=True)
    soon["generalised"] = ("seed", [650.0, 750.0, 950.0])
    high, low, line = gl.views.survival(soon).plotly.data
    assert list(line.x)[:4] == [0, 650, 750, 950]
    assert list(high.x) == list(low.x) == [650, 750, 950]
    curve = gl.theory.kaplan_meier([650, 750, 950], [True] * 3)
    at = [*curve["high"].values[1:3], curve["high"].values[2]]  # steps: what is drawn to 950 is that of 750
    assert np.allclose(np.array(high.y, float), at)
    assert np.allclose(np.array(low.y, float)[2], curve["low"].values[2])


def test_stills_have_what_the_page_has(events, tmp_path):
    for figure in (gl.views.phase_diagram(gl.sweeps.over_seeds(events)), gl.views.survival(events)):
        figure.save(tmp_path / "picture.svg")
        assert (tmp_path / "picture.svg").stat().st_size > 5_000


def test_long_names_of_groups_stay_on_the_still(events, tmp_path):
    from matplotlib.image import imread

    events = events.copy()
    events["weight_decay"].attrs["long_name"] = "weight decay of the optimiser, decoupled"
    gl.views.survival(events, by="weight_decay").save(tmp_path / "picture.png")
    picture = imread(tmp_path / "picture.png")[..., :3]
    assert picture[:, 0].min() == picture[:, -1].min() == 1  # nothing is cut at either edge


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda e: gl.views.phase_diagram(e), "over_seeds"),
        (
            lambda e: gl.views.phase_diagram(gl.sweeps.over_seeds(e.isel(weight_decay=0, train_fraction=0))),
            "two axes besides the seeds; the table has none",
        ),
        (lambda e: gl.views.phase_diagram(gl.sweeps.over_seeds(e), x="seed"), "two axes"),
        (lambda e: gl.views.phase_diagram(gl.sweeps.over_seeds(e), colour="loss"), "choose 'delay'"),
        (lambda e: gl.views.survival(gl.sweeps.over_seeds(e)), "runs.events"),
        (lambda e: gl.views.survival(e, by="width"), "no axis"),
        (lambda e: gl.views.survival(e, event="grokked"), "choose 'memorised'"),
    ],
)
def test_other_tables_are_refused(events, draw, said):
    with pytest.raises(BadArgument, match=said):
        draw(events)
