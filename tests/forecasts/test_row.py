"""One run as a row of a library: when things happened, and what was known until then."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import groklens as gl
from groklens.forecasts.library import checked_library
from groklens.forecasts.what_run import labels_of_recipe


def test_a_row_is_a_library_of_one_run(run):
    row = checked_library(gl.forecasts.row_of(run, clocks=gl.forecasts.CLOCKS))
    events = gl.sweeps.events_of(run)
    assert row["memorised"].item() == events["memorised"].item()
    assert row["last"].item() == 300
    assert row["hyper_weight_decay"].item() == 0.5
    assert row["hyper_train_share"].item() == 0.7
    assert row["chance"].item() == pytest.approx(1 / 11)
    wanted = row["memorised"].item() * np.array(gl.forecasts.CLOCKS)
    kept = np.array(run.steps)
    assert row["step"].values[0].tolist() == [
        pytest.approx(kept[kept <= each].max() if each <= 300 else np.nan, nan_ok=True) for each in wanted
    ]
    assert row["signal_elapsed_time"].values[0].tolist() == pytest.approx(
        row["step"].values[0].tolist(), nan_ok=True
    )
    assert row["curve_step"].values.tolist() == [each for each in run.steps if each % 10 == 0]
    assert row["curve_test_accuracy"].values[0, -1] == pytest.approx(gl.measures.test_accuracy(run.final))
    assert row["curve_norm"].values[0, -1] ** 2 == pytest.approx(gl.measures.sum_squared_weights(run.final))
    assert {row[f"signal_{each.name}"].attrs["sees"] for each in gl.forecasts.SIGNALS} == set(
        gl.forecasts.SEES
    )


def test_a_row_up_to_a_step_knows_nothing_later(run):
    memorised = gl.sweeps.events_of(run)["memorised"].item()
    early, late = gl.forecasts.row_of(run, int(memorised) - 10), gl.forecasts.row_of(run)
    assert np.isnan(early["memorised"].item())
    assert np.isnan(early["half"].item())
    assert early["last"].item() == memorised - 10
    assert early["curve_step"].values.max() <= memorised - 10
    assert late["clock"].item() == pytest.approx(300 / memorised)
    assert late["half"].item() == pytest.approx(_first(run, 0.5), nan_ok=True)


def test_configurations_differ_by_all_but_the_seed(run):
    recipe = run.recipe
    same = {labels_of_recipe(replace(recipe, seed=seed))["configuration"] for seed in range(3)}
    others = {labels_of_recipe(replace(recipe, train_fraction=each))["configuration"] for each in (0.5, 0.6)}
    assert len(same) == 1
    assert len(same | others) == 3
    still = replace(recipe, optimizer=gl.AdamW(weight_decay=0.0))
    assert labels_of_recipe(still)["kind"] == "no_decay"


def test_a_run_without_recipe_or_history(run):
    alone = gl.Run.of({10: run.final.model}, run.task, train_index=run.train_index)
    with pytest.raises(gl.errors.BadArgument, match="_accuracy"):
        gl.forecasts.row_of(alone)


def test_a_step_or_clocks(run):
    with pytest.raises(gl.errors.BadArgument, match="one of them"):
        gl.forecasts.row_of(run, 10, clocks=(2.0,))


def _first(run, known):
    accuracy = run.history["test_accuracy"].dropna("step")
    reached = np.flatnonzero(accuracy.values >= known)
    return float(accuracy["step"].values[reached[0]]) if len(reached) else np.nan


@dataclass(frozen=True)
class Says:
    """A signal that says one thing, whatever the run."""

    given: object
    name: str = "mine"
    sees: str = "train_only"
    units: str = ""
    source: str = "here"

    def value(self, trajectory):
        return self.given


@pytest.mark.parametrize("given", ["high", "3.0", float("inf"), None, [1.0, 2.0]])
def test_a_signal_that_gives_no_number_is_named(run, given):
    with pytest.raises(gl.errors.BadArgument, match=r"The signal mine is .*it has to be a number, or nan"):
        gl.forecasts.row_of(run, signals=[Says(given)])


def test_a_signal_may_have_no_number(run):
    row = gl.forecasts.row_of(run, signals=[Says(float("nan")), Says(np.float64(2.0), name="other")])
    assert np.isnan(row["signal_mine"].item())
    assert row["signal_other"].item() == 2.0
