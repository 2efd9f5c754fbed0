"""The referee is held to account: signals made up to deserve a score get it, and no split lets anything through."""

import numpy as np
import pytest
import xarray as xr
from made_library import made_library

from groklens.errors import BadArgument, UnknownName
from groklens.forecasts.alarms import alarm_scores, alarmed, threshold
from groklens.forecasts.at_risk import at_risk
from groklens.forecasts.calibration import calibration
from groklens.forecasts.leakage import leakage
from groklens.forecasts.minimum import minimum
from groklens.forecasts.ranking import bootstrap, changed_first, concordance, positives_first, shuffled
from groklens.forecasts.referee import judge, numbered_runs
from groklens.forecasts.regression import Logistic, Scale
from groklens.forecasts.sides import splits
from groklens.forecasts.weibull import Weibull

HALVES = ("configurations, first half", "configurations, second half")


@pytest.fixture(scope="module")
def library():
    return made_library()


@pytest.fixture(scope="module")
def table(library):
    return judge(library, clock=2.0, horizon=10.0, draws=100)


def test_an_oracle_is_perfect_and_beats_hyper_parameters(table):
    own = table.sel(signal="oracle")
    assert (own["auroc"] >= 0.99).all()  # the step at the clock is rounded
    assert (own["c_index"] >= 0.99).all()
    assert (own["brier"] < own["brier_base_rate"] / 2).all()
    assert (own["p_value"] < 0.02).all()
    assert (own["warned"] > 0.9).all()
    assert (own["auroc_gained_low"] > 0).any()


def test_time_scores_what_the_elapsed_null_scores(table):
    pair = table.sel(signal=["time", "elapsed_time"])
    for name in ("auroc", "brier", "c_index", "false_alarms"):
        assert pair[name].isel(signal=0).values == pytest.approx(pair[name].isel(signal=1).values)


def test_noise_stays_within_the_permutation_null_and_adds_nothing():
    inside, gained = [], []
    for seed in range(6):
        library = made_library(seed=seed)
        found = judge(library, ["noise"], draws=100, test_on=splits(library)[0].test).isel(split=0)
        alone = found.sel(signal="noise")
        inside.append(bool(alone["null_low"] <= alone["auroc"] <= alone["null_high"]))
        gained.append(float(found["auroc_gained"].sel(signal="noise + hyper_parameters")))
    assert sum(inside) >= 5
    assert abs(np.mean(gained)) < 0.05


def test_a_base_rate_tells_nothing_apart_and_never_alarms(table):
    base = table.sel(signal="base_rate", split=list(HALVES))
    assert (base["auroc"] == 0.5).all()
    assert base["brier"].values == pytest.approx(base["brier_base_rate"].values, abs=1e-6)
    assert (base["false_alarms"] == 0).all()


def test_hyper_parameters_foretell_what_they_cause(table):
    own = table.sel(signal="hyper_parameters", split=list(HALVES))
    assert (own["auroc"] > own["null_high"]).all()
    assert (own["auroc_gained"] == 0).all()


def test_intervals_hold_their_number_and_counts_add_up(table):
    for name in ("auroc", "brier", "c_index", "false_alarms"):
        inside = (table[f"{name}_low"] <= table[name] + 1e-9) & (table[name] <= table[f"{name}_high"] + 1e-9)
        assert inside.mean() > 0.95
    whole = table.sel(signal="noise", split=list(HALVES))
    assert whole["n_at_risk"].sum() == whole["n_train"].sum()
    assert (table["n_positive"] <= table["n_at_risk"]).all()


def test_a_leak_falls_to_the_null_by_configuration_and_is_caught():
    caught, inside = [], []
    for seed in range(4):
        library = made_library(seed=seed, noise=0.2)
        found = leakage(library, "leak", draws=100)
        caught.append(bool(found["leaks"]))
        assert found["within"] == 0.5
        assert found["share"] == 1
        own = (
            judge(library, ["leak"], draws=100, test_on=splits(library)[0].test)
            .sel(signal="leak")
            .isel(split=0)
        )
        inside.append(bool(own["null_low"] <= own["auroc"] <= own["null_high"]))
    assert all(caught)
    assert sum(inside) >= 3


@pytest.mark.parametrize("signal", ["oracle", "noise", "time"])
def test_what_does_not_leak_is_not_accused(library, signal):
    assert not leakage(library, signal, draws=100)["leaks"]
    again = library.rename({f"signal_{signal}": "signal_elapsed_time"})  # the name of a null
    assert not leakage(again, "elapsed_time", draws=100)["leaks"]


def test_a_configuration_on_both_sides_is_refused(library):
    mask = library["seed"].values == 0
    with pytest.raises(BadArgument, match="48 configurations have runs on both sides"):
        judge(library, ["noise"], train_on=mask, test_on=~mask)
    with pytest.raises(BadArgument, match="both sides"):
        judge(library, ["noise"], train_on={"task": "addition"}, test_on={"model": "MLP"})


def test_sides_are_given_by_value_and_what_is_none_is_refused(library):
    found = judge(
        library, ["noise"], draws=20, train_on={"task": "addition"}, test_on={"task": "multiplication"}
    )
    assert found["split"].values.tolist() == ["given"]
    assert judge(library, ["noise"], draws=20, test_on={"optimizer": "SGD"})["n_at_risk"].max() > 0
    for side, said in (
        ({"tsak": "x"}, "did you mean 'task'"),
        ({"task": "x"}, "none of"),
        ("addition", "mask"),
    ):
        with pytest.raises(BadArgument, match=said):
            judge(library, ["noise"], train_on=side)
    with pytest.raises(BadArgument, match="clock is 3"):
        judge(library, clock=3)
    with pytest.raises(BadArgument, match="horizon"):
        judge(library, horizon=0.5)
    with pytest.raises(UnknownName, match="did you mean 'noise'"):
        judge(library, ["nois"])
    with pytest.raises(BadArgument, match="no library"):
        judge(xr.Dataset())


def test_a_signal_of_the_users_joins_by_a_column(library):
    mine = library.assign(signal_mine=library["signal_oracle"] * 3 + 1)
    found = judge(mine, ["mine"], draws=20, test_on={"task": "addition"})
    assert found["auroc"].sel(signal="mine").item() >= 0.99


def test_a_signal_of_a_few_runs_is_judged_beside_hyper_parameters_on_those(library):
    some = library["signal_oracle"].where(library["seed"] == 0)
    found = judge(library.assign(signal_some=some), ["some"], draws=20).isel(split=0)
    own, other = found.sel(signal="some"), found.sel(signal="hyper_parameters")
    assert own["n_at_risk"] < other["n_at_risk"] / 2
    assert own["auroc"] >= 0.99


def test_the_runs_at_risk_are_those_that_could_still_change(library):
    found = at_risk(numbered_runs(library), 2.0, 10.0)
    rows = library.isel(run=found["run"].values)
    now = rows["step"].sel(clock=2.0)
    assert not (rows["half"] <= now).any()
    assert found["changes"].values.tolist() == (rows["half"] <= 10 * now).values.tolist()
    assert (found["seen"].values <= found["change"].values).all()
    early = library.assign(test_accuracy=library["test_accuracy"] * 0 + 0.12)
    assert at_risk(early, 2.0).sizes["run"] == 0
    assert at_risk(early.assign(chance=("run", np.full(early.sizes["run"], 0.06))), 2.0).sizes["run"] > 0


def test_a_run_not_watched_to_the_horizon_is_not_called_a_negative(library):
    short = library.assign(last=library["last"] * 0 + 1500.0)
    short["half"] = short["half"].where(short["half"] <= 1500)
    found = at_risk(short, 1.5, 10.0)
    assert (found["known"].values == (1500 / found["now"].values >= 10)).all()
    table = judge(short, ["oracle"], clock=1.5, draws=20, test_on={"task": "addition"}).sel(signal="oracle")
    assert table["n_censored"].item() > 0
    assert table["c_index"].item() >= 0.99
    assert at_risk(short, 4.0, None)["known"].all()


def test_an_auroc_and_a_c_index_by_hand():
    score, changes = np.array([0.9, 0.8, 0.7, 0.8]), np.array([True, False, True, False])
    assert concordance(score, positives_first(changes))[0] == (1 + 1 + 0 + 0) / 4
    change, seen = np.array([2.0, 5.0, np.inf, 2.5]), np.array([1.0, 4.0, 3.0, 1.8])
    # Of 0 with 1 and 2, of 3 with 1 and 2, and no other pair, is it known which came first.
    assert changed_first(change, seen).sum() == 4
    assert concordance(np.array([4.0, 1, 3, 2]), changed_first(change, seen))[0] == 3 / 4
    assert np.isnan(concordance(score, positives_first(changes * True | True))[0])


def test_draws_take_configurations_whole():
    groups = np.array(["a", "a", "b", "c", "c", "c"])
    weights = bootstrap(groups, 50, np.random.default_rng(0))
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    labels = np.array([True, True, False, False, False, False])
    dealt = shuffled(labels, groups, 50, np.random.default_rng(0))
    assert (dealt[:, 0] == dealt[:, 1]).all()
    assert (dealt[:, 3] == dealt[:, 5]).all()
    assert len({tuple(each) for each in dealt.tolist()}) > 1


def test_an_alarm_is_early_late_or_for_nothing():
    def at(now, sounds, changes):
        columns = {
            "now": [now] * 3,
            "seen": [80 / now, 30 / now, 90 / now],
            "change": [100 / now, 50 / now, np.inf],
        }
        columns |= {"known": [True] * 3, "changes": changes}
        return xr.Dataset(
            {k: ("run", np.array(v)) for k, v in columns.items()}, {"run": [0, 1, 2]}
        ), np.array(sounds)

    found = {
        2.0: at(20, [True, False, True], [True, True, False]),
        4.0: at(40, [True, False, True], [True] * 2 + [False]),
    }
    due = np.array([True, True, False])
    told = alarmed({k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()}, due)
    scores = {name: each[0] for name, each in alarm_scores(told, np.ones((1, 3))).items()}
    assert scores == {"lead": pytest.approx(0.6), "warned": 0.5, "false_alarms": pytest.approx(1 / 3)}
    found[4.0][0]["known"][2] = False  # an alarm that nobody could judge counts as no look
    told = alarmed({k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()}, due)
    assert alarm_scores(told, np.ones((1, 3)))["false_alarms"][0] == pytest.approx(1 / 5)
    assert threshold(np.array([0.1, 0.8, 0.9]), np.array([False, True, True])) == 0.8
    assert threshold(np.array([0.1, 0.2]), np.array([True, True])) == np.inf


def test_a_logistic_regression_is_at_its_optimum_and_scales_are_frozen():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.exp(rng.normal(size=200)), rng.normal(size=200)])
    y = np.log(x[:, 0]) - x[:, 1] + rng.normal(size=200) > 0
    model = Logistic.fit(x, y)
    z = np.column_stack([model.scale(x), np.ones(200)])

    def cost(w):
        p = 1 / (1 + np.exp(-z @ w))
        return -np.log(np.where(y, p, 1 - p)).sum() + (w[:-1] ** 2).sum() / 2

    base = cost(model.weights)
    assert all(cost(model.weights + 0.01 * step) > base for step in np.vstack([np.eye(3), -np.eye(3)]))
    assert model.scale.logs.tolist() == [True, False]
    assert model.scale(np.array([[0.0, np.nan]]))[0, 1] == 0
    assert np.abs(model.scale(np.array([[1e300, -1e300]]))).max() <= 4
    zeros = Scale.of(np.array([[0.0], [0.1], [1.0]]))
    assert np.isfinite(zeros(np.array([[0.0]]))).all()


def test_a_weibull_law_finds_the_law_that_times_were_drawn_from():
    rng = np.random.default_rng(1)
    x = rng.choice([-1.0, 1.0], 4000)
    log_time = np.exp(0.5 + 0.6 * x) * (-np.log(rng.random(4000))) ** (1 / 2.0)
    times = np.exp(log_time)
    ended = np.exp(rng.uniform(1, 4, 4000))
    change = np.where(times <= ended, times * 1.05, np.inf)
    law = Weibull.fit(x[:, None], np.where(times <= ended, times * 0.95, ended), change)
    assert law.shape == pytest.approx(2.0, rel=0.1)
    assert law.weights == pytest.approx([0.6, 0.5], abs=0.06)
    (low, median, high), expected = law.interval(np.array([[1.0]]))[0], np.exp(0.5 + 0.6)
    assert np.log(median) == pytest.approx(expected * np.log(2) ** 0.5, rel=0.1)
    assert low < median < high
    assert law.chance(np.array([[1.0]]), median)[0] == pytest.approx(0.5)
    assert (
        Weibull.fit(x[:, None], np.minimum(ended, 1.5), np.full(4000, np.inf)).interval(x[:1, None])[0].high
        == np.inf
    )


def test_bfgs_finds_a_curved_valley():
    def valley(x):
        a, b = 1 - x[0], x[1] - x[0] ** 2
        return a * a + 100 * b * b, np.array([-2 * a - 400 * x[0] * b, 200 * b])

    assert minimum(valley, np.array([-1.2, 1.0])) == pytest.approx([1, 1], abs=1e-4)


def test_what_is_calibrated_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    chance = rng.random(2000)
    good = calibration(chance, rng.random(2000) < chance)
    assert np.abs(good["observed"] - good["forecast"]).max() < 0.06
    assert ((good["low"] < good["forecast"]) & (good["forecast"] < good["high"])).sum() >= 4
    bad = calibration(chance, rng.random(2000) < chance**3)
    assert (bad["observed"] < bad["forecast"]).all()
    assert calibration(np.array([0.5]), np.array([True]))["runs"].values.tolist() == [1]
