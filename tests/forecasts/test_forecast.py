"""`gl.forecast`: a chance where the library has runs like it, a refusal elsewhere, and never that a run is done."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import groklens as gl
from forecasts.made_up import made_up_library
from groklens.errors import BadArgument, UnknownName
from groklens.forecasts.evidence import Evidence, loss_slope
from groklens.forecasts.forecast import _moves, begun
from groklens.forecasts.row import row_of
from groklens.forecasts.support import far_from
from groklens.forecasts.weibull import FEWEST, Weibull
from groklens.forecasts.what_run import settings_of
from groklens.report.forecast_section import forecast_section

STEPS = 240


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs that memorise and do not generalise: a random table, and too small a share of a sum."""
    base = gl.Recipe(
        task=gl.RandomTable(7),
        model=gl.MLP(d_mlp=32),
        optimizer=gl.AdamW(lr=1e-2, weight_decay=0.3),
        train_fraction=0.5,
        steps=STEPS,
        evaluate_every=5,
        keep=gl.LogSpaced(16),
    )
    recipes = [base, replace(base, task=gl.ModularArithmetic(7), train_fraction=0.3)]
    folder = tmp_path_factory.mktemp("runs")
    return list(gl.train_many(recipes, into=folder))


@pytest.fixture(scope="module")
def library(runs):
    """Runs of the kinds of these two, of which sums with a high share change and the others never do.

    The signal that foretells it is `test_loss`: low before a change.
    """
    made = made_up_library(configurations=48)
    rows = [row_of(run, clocks=(1.5, 2.0, 4.0, 8.0)) for run in runs]
    n, rng = made.sizes["run"], np.random.default_rng(0)
    is_sum = np.arange(n) // 3 % 2 == 1
    names = np.where(is_sum, runs[1].task.name, runs[0].task.name)
    share = np.where(is_sum, rng.choice([0.3, 0.5, 0.8], n), rng.choice([0.4, 0.6], n))
    changes = is_sum & (share > 0.6)
    half = np.where(changes, made["memorised"] * rng.uniform(9, 30, n), np.nan)
    loss = np.where(
        changes[:, None], rng.uniform(2, 4, made["step"].shape), rng.uniform(5, 16, made["step"].shape)
    )
    columns = {"test_loss": loss}
    for name in ("weight_norm", "test_loss_slope"):
        seen = np.concatenate([row[f"signal_{name}"].values.ravel() for row in rows])
        columns[name] = rng.uniform(np.nanmin(seen), np.nanmax(seen), made["step"].shape)
    made = made.drop_vars(["signal_knows", "signal_noise", "signal_time"]).assign(
        {
            "half": ("run", half),
            "generalised": ("run", half * 1.2),
            "hyper_train_share": ("run", share),
            "hyper_learning_rate": ("run", np.full(n, 1e-2)),
            "test_accuracy": made["test_accuracy"] * 0,
        }
    )
    made = made.assign(
        {f"signal_{name}": (("run", "clock"), each, {"sees": "held_out"}) for name, each in columns.items()}
    )
    labels = {
        "task": names,
        "fold": np.full(n, "sums"),
        "model": np.full(n, "MLP"),
        "optimizer": np.full(n, "AdamW"),
        "settings": np.where(is_sum, settings_of(runs[1].recipe), settings_of(runs[0].recipe)),
    }
    return made.assign_coords({name: ("run", each) for name, each in labels.items()})


def early(run):
    """The kept step at twice the time to memorise or after, at which the run can still change."""
    memorised = row_of(run, signals=())["memorised"].item()
    return next(step for step in run.steps if step >= 2 * memorised)


def test_a_random_table_is_promised_nothing(runs, library):
    found = gl.forecast(runs[0], library=library, step=early(runs[0]))
    assert found.support.inside
    assert found.p_change < 0.3
    assert found.verdict == "quiet_but_unresolved"
    assert "no end" in str(found)


def test_below_the_critical_share_it_is_unresolved(runs, library):
    found = gl.forecast(runs[1], library=library, step=early(runs[1]))
    assert found.p_change < 0.3
    assert found.verdict == "quiet_but_unresolved"
    assert found.interval.high == math.inf
    assert found.p_change >= 1 / (found.support.runs + 2)


def test_a_run_like_those_that_changed_is_still_moving(runs, library):
    row_share = library["hyper_train_share"].where(library["half"].isnull(), 0.3)
    same = library.assign(hyper_train_share=row_share)  # now runs with this share change
    nearer = same.assign(
        signal_test_loss=same["signal_test_loss"] * 0 + np.where(same["half"].isnull(), 2.0, 12.0)[:, None]
    )
    found = gl.forecast(runs[1], library=nearer, step=early(runs[1]))
    assert found.p_change > 0.5
    assert found.verdict == "still_moving"
    assert found.step < found.interval.low < found.interval.median


def test_the_farther_the_horizon_the_likelier(runs, library):
    chances = [
        gl.forecast(runs[1], 50 * k, library=library, step=early(runs[1])).p_change for k in (1, 4, 10)
    ]
    assert chances == sorted(chances)


def test_what_the_library_does_not_know_is_refused_and_said(runs, library):
    step = early(runs[0])
    other = gl.forecast(
        runs[0], library=library.assign_coords(task=("run", np.full(library.sizes["run"], "S4"))), step=step
    )
    assert (other.verdict, other.p_change, other.interval) == ("outside_support", None, None)
    assert "its task is random table 7, and the library has S4" in other.headline
    rate = library.assign(hyper_learning_rate=library["hyper_learning_rate"] * 0 + 1e-4)
    assert "its learning rate is 0.01" in gl.forecast(runs[0], library=rate, step=step).headline
    norm = library.assign(signal_weight_norm=library["signal_weight_norm"] + 1e3)
    assert "its weight norm is" in gl.forecast(runs[0], library=norm, step=step).headline
    assert "not memorised" in gl.forecast(runs[0], library=library, step=runs[0].steps[1]).headline
    assert "watched for more than" in gl.forecast(runs[0], 10**7, library=library, step=step).headline
    alone = gl.forecast(runs[0].at(step), library=library)
    assert alone.verdict == "outside_support"
    assert "its model is not known" in alone.headline
    stream = gl.Run.of({0: gl.MLP().build(gl.ModularArithmetic(7), 0)}, gl.ModularArithmetic(7))
    assert gl.forecast(stream, library=library).verdict == "outside_support"


def test_a_change_that_has_begun_is_not_foretold(runs, library):
    row = row_of(runs[0], early(runs[0]), signals=())
    assert not begun(row)
    for accuracy in (0.4, 1.0):
        assert "has begun, or is over" in begun(row.assign(test_accuracy=row["test_accuracy"] * 0 + accuracy))
    assert "has begun" in begun(row.assign(half=row["half"].fillna(10)))


def test_what_has_begun_moves_while_its_loss_falls_until_it_has_generalised(runs):
    row = row_of(runs[0], early(runs[0]), signals=())
    falls = Evidence("slope.test_loss", "slope", -1.0, "", -1.1, -0.9)
    assert _moves(row, (falls,)) == "still_moving"
    assert _moves(row, (replace(falls, high=0.1),)) == "quiet_but_unresolved"
    assert _moves(row.assign(generalised=("run", [50.0])), (falls,)) == "quiet_but_unresolved"


def test_signals_that_cannot_be_measured_on_the_run_are_refused_or_left_out(runs, library):
    step = early(runs[0])
    mine = library.assign(signal_mine=library["signal_test_loss"], signal_llc=library["signal_test_loss"])
    assert gl.forecast(runs[0], library=mine, step=step) == gl.forecast(runs[0], library=library, step=step)
    for name in ("ipr", "llc", "mine"):
        with pytest.raises(UnknownName, match=name):
            gl.forecast(runs[0], library=mine, step=step, signals=(name,))
    one, listed = (
        gl.forecast(runs[0], library=library, step=step, signals=each)
        for each in ("weight_norm", ("weight_norm",))
    )
    assert one == listed
    with pytest.raises(BadArgument, match="has no settings"):
        gl.forecast(runs[0], library=library.drop_vars("settings"))
    blank = row_of(runs[0], step).assign(signal_test_loss=library["signal_test_loss"][:1, :1] * np.nan)
    assert "cannot be measured" in far_from(library, blank, ("signal_test_loss",))[0]


def test_one_run_that_was_watched_for_long_does_not_bear_the_horizon(runs, library):
    ends = np.r_[np.full(FEWEST, 5.0), 500.0]
    law = Weibull.fit(np.zeros((FEWEST + 1, 0)), ends, np.full(FEWEST + 1, np.inf))
    assert law.farthest == 5.0
    short = library.assign(last=library["last"] * 0 + library["memorised"] * 12)
    found = gl.forecast(runs[1], library=short, step=early(runs[1]))
    assert found.support.inside
    assert found.horizon < 9 * found.step


def test_what_cannot_be_asked_is_said(runs, library):
    with pytest.raises(BadArgument, match="horizon"):
        gl.forecast(runs[0], 0, library=library)
    with pytest.raises(UnknownName, match="weight_nrm"):
        gl.forecast(runs[0], library=library, step=early(runs[0]), signals=("weight_nrm",))


def test_a_forecast_sees_nothing_later_and_is_written_whole(runs, library):
    step = early(runs[1])
    found = gl.forecast(runs[1], library=library, step=step)
    assert found == gl.forecast(runs[1], library=library, step=step)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["verdict"] == found.verdict
    keys = {each.key for each in found.evidence}
    assert keys >= {"slope.train_loss", "slope.test_loss", "moved", "norm", "kl.test", "kl.random", "prior"}
    cut = runs[1].history.sel(step=slice(None, step))
    slope = next(each for each in found.evidence if each.key == "slope.test_loss")
    rows = cut["test_loss"].dropna("step")
    assert slope.value == loss_slope(rows["step"].values.astype(float), rows.values)[0]


def test_a_plateau_has_a_slope_of_nothing_and_a_fall_one_below_it():
    steps, rng = np.arange(1.0, 400.0), np.random.default_rng(0)
    still = loss_slope(steps, np.exp(0.01 * rng.normal(size=399)))
    assert still[1] < 0 < still[2]
    falling = loss_slope(steps, 1 / steps * np.exp(0.01 * rng.normal(size=399)))
    assert falling[0] == pytest.approx(-1, abs=0.05)
    assert falling[2] < -0.9
    assert all(math.isnan(each) for each in loss_slope(steps[:2], steps[:2]))


def test_the_law_is_fitted_on_runs_at_the_same_clock(library):
    law = gl.forecasts.law_at(library, 2.5)
    assert law.clock == 2.0
    assert law.runs == gl.forecasts.at_risk(library, 2.0, None).sizes["run"]
    assert gl.forecasts.law_at(library, 100).clock == 8.0
    with pytest.raises(BadArgument, match="give one with more"):
        gl.forecasts.law_at(library.isel(run=slice(6)), 2.0)
    assert isinstance(law.table, xr.Dataset)


def test_an_explanation_shows_it_for_kinds_of_runs_that_are_known(runs, library, tmp_path, monkeypatch):
    import importlib

    file = importlib.import_module(
        "groklens.forecasts.forecast"
    )  # the function of that name stands in the package
    kept = tmp_path / "library.npz"
    monkeypatch.setattr(file, "KEPT", kept)
    final = runs[1].at(early(runs[1]))
    blank = {"run": "r", "task": "t", "generalised": False, "algorithm": "memorised", "verdict": "undecided"}
    blank |= {"key_components": [], "circuit": None, "phases": [], "findings": [], "table": xr.Dataset()}

    def why():
        return gl.Explanation(**blank, final=final, source=runs[1])

    assert why().forecast is None
    kept.touch()
    monkeypatch.setattr(file, "kept_library", lambda: library)
    assert why().forecast == gl.forecast(runs[1], library=library, step=final.step)
    assert forecast_section(why()).startswith(f"<p>{why().forecast.headline[:20]}")
    monkeypatch.setattr(
        file, "kept_library", lambda: library.assign_coords(task=("run", ["S4"] * library.sizes["run"]))
    )
    assert why().forecast is None


def test_calibration_is_drawn_and_what_is_no_table_of_it_is_refused():
    chance = np.linspace(0, 1, 40)
    table = gl.forecasts.calibration(chance, chance > 0.5)
    figure = gl.views.calibration(table).plotly
    assert figure.data[-1].y.tolist() == table["observed"].values.tolist()
    both = xr.concat([table, table], xr.Variable("forecaster", ["mine", "yours"]))
    named = [each.name for each in gl.views.calibration(both).plotly.data if each.showlegend is not False]
    assert named == ["calibrated", "mine", "yours"]
    with pytest.raises(BadArgument, match="make the table by"):
        gl.views.calibration(xr.Dataset())
