import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument


class Ran:
    """A run that is nothing but its history."""

    name = "planted"

    def __init__(self, steps, train, test, loss):
        columns = {"train_accuracy": train, "test_accuracy": test, "test_loss": loss}
        self.history = xr.Dataset(
            {k: ("step", np.array(v, float)) for k, v in columns.items()}, {"step": steps}
        )


def test_events_of_a_run_that_groks():
    run = Ran([0, 100, 200, 300, 400], [0.1, 1, 1, 1, 1], [0, 0.1, 0.5, 1, 1], [3, 5, 2, 0.3, 0.02])
    found = {name: float(value) for name, value in gl.sweeps.events_of(run).items()}
    assert found == {"memorised": 100, "generalised": 300, "settled": 400, "last_step": 400, "delay": 200}


def test_what_has_not_happened_is_missing_and_not_zero():
    found = gl.sweeps.events_of(Ran([0, 100], [0.1, 1.0], [0.0, 0.2], [3, 9]))
    assert float(found["memorised"]) == 100
    assert float(found["last_step"]) == 100
    assert np.isnan([float(found[name]) for name in ("generalised", "settled", "delay")]).all()


def test_a_run_that_forgets_has_not_settled():
    found = gl.sweeps.events_of(Ran([0, 1, 2, 3], [1] * 4, [0, 1, 0.2, 0.3], [3, 0.1, 4, 4]))
    assert float(found["generalised"]) == 1
    assert np.isnan(float(found["settled"]))


def test_what_is_not_finite_is_not_settled():
    found = gl.sweeps.events_of(Ran([0, 1, 2, 3], [1] * 4, [0, 1, 1, 1], [3, 0.001, np.nan, np.inf]))
    assert np.isnan(float(found["settled"]))
    found = gl.sweeps.events_of(Ran([0, 1, 2, 3], [1] * 4, [0, 1, 1, 1], [3, np.inf, 0.001, 0.001]))
    assert float(found["settled"]) == 2


def test_the_shipped_run_generalises_when_its_history_says():
    run = gl.load("examples/runs/mod113")
    found = gl.sweeps.events_of(run)
    test = run.history["test_accuracy"].dropna("step")
    assert float(found["generalised"]) == float(test.step[(test >= 0.99).values][0])


def table(delays, last=1000.0):
    """Events over seed × x of runs that memorised at 10, with these delays; nan has not generalised."""
    delays = np.array(delays, float)
    columns = {"memorised": np.full_like(delays, 10), "generalised": delays + 10, "settled": delays + 20}
    columns |= {"delay": delays, "last_step": np.full_like(delays, last)}
    coords = {"seed": list(range(delays.shape[0])), "x": list(range(delays.shape[1]))}
    return xr.Dataset({name: (("seed", "x"), value) for name, value in columns.items()}, coords)


def test_seeds_that_did_not_generalise_count_as_later_than_all():
    nan = np.nan
    found = gl.sweeps.over_seeds(table([[5, nan, 7], [6, nan, nan], [9, 4, nan]]), late=5)
    assert found["generalised_share"].values.tolist() == [1, pytest.approx(1 / 3), pytest.approx(1 / 3)]
    assert np.array_equal(found["delay"].values, [6, nan, nan], equal_nan=True)
    assert found["delay_low"].values.tolist() == [5, 4, 7]
    assert found["delay_high"].values.tolist() == [
        9,
        4,
        7,
    ]
    assert found["phase"].values.tolist() == ["grokking", "memorisation", "memorisation"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 900), st.none()), min_size=1, max_size=7))
def test_the_median_is_that_of_the_delays_with_infinity_for_those_that_never_came(delays):
    values = [np.nan if each is None else each for each in delays]
    found = float(gl.sweeps.over_seeds(table([[each] for each in values]))["delay"][0])
    ordered = sorted(np.inf if each is None else each for each in delays)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    assert np.isnan(found) if np.isinf(middle) else found == middle


def test_of_an_even_number_of_seeds_the_median_is_halfway_between_the_middle_ones():
    assert float(gl.sweeps.over_seeds(table([[10], [20], [50], [np.nan]]))["delay"][0]) == 35


def test_phases_have_their_names_and_a_missing_run_has_none():
    events = table([[5, 500, np.nan, np.nan, np.nan]])
    events["memorised"][0, 3] = np.nan
    events["last_step"][0, 4] = np.nan
    found = gl.sweeps.phases(events, late=100).values[0].tolist()
    assert found == ["comprehension", "grokking", "memorisation", "confusion", ""]
    with pytest.raises(BadArgument, match="no axis"):
        gl.sweeps.over_seeds(events, seed="sead")


def test_a_history_without_test_inputs_has_no_events():
    class Blind(Ran):
        def __init__(self):
            self.history = xr.Dataset({"train_loss": ("step", [1.0])}, {"step": [0]})

    with pytest.raises(BadArgument, match="no test accuracies"):
        gl.sweeps.events_of(Blind())


def test_what_is_no_table_of_events_is_refused():
    with pytest.raises(BadArgument, match=r"'runs' was given; give runs\.events\(\)"):
        gl.sweeps.over_seeds("runs")
    with pytest.raises(BadArgument, match="which of them to sum up over"):
        gl.sweeps.over_seeds(table([[5, 7]]), seed=())
