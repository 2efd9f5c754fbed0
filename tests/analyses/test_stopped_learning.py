"""The judgement of `stopped_learning` can go either way."""

import numpy as np
import pytest
import xarray as xr

N = 200


@pytest.fixture
def study(study_named):
    return study_named("stopped_learning")


def runs(loss=0.8, norm=0.8, forecast=0.95, share=0.4, hyper=0.7):
    """Runs of which `share` move; each rule's value tells that share of them rightly, and tells the others wrongly."""
    moved = np.arange(N) / N < share
    spread = np.linspace(0, 0.4, N)

    def rule(right):
        rightly = np.random.default_rng(0).permutation(N) < right * N
        return 0.5 + np.where(moved == rightly, 0.01, -0.5) + 0 * spread

    columns = {
        "loss": rule(loss),
        "norm": rule(norm),
        "forecast": rule(forecast),
        "hyper_parameters": rule(hyper),
        "waits": np.ones(N),
        "moved": moved.astype(float),
    }
    columns |= {"accuracy": np.zeros(N), "half": np.arange(N) % 2.0}
    coords = {"configuration": ("run", [f"number {i}" for i in range(N)])}
    return {"looked": xr.Dataset({name: ("run", each) for name, each in columns.items()}, coords)}


def test_what_was_predicted_is_supported(study, judged):
    found = judged(study, runs(loss=0.8, norm=0.8, forecast=0.88, share=0.5))
    assert set(found.values()) == {"supported"}, found


@pytest.mark.parametrize("rule", ["loss", "norm", "forecast"])
def test_a_rule_that_is_right_is_no_refutation_of_others(study, judged, rule):
    found = judged(study, runs(**{rule: 1.0}))
    assert found[f"looks_finished.{rule}"] == "refuted"


def test_hyper_parameters_that_are_better_refute_the_forecast(study, judged):
    assert judged(study, runs(hyper=1.0, forecast=0.7))["forecast_is_best"] == "refuted"


def test_only_runs_that_wait_are_between_the_forecast_and_its_rivals(study, judged):
    numbers = runs(norm=1.0, forecast=0.8)["looked"]
    numbers["waits"][:] = numbers["forecast"] == np.where(numbers["moved"] > 0, 0.51, 0.0)
    assert judged(study, {"looked": numbers})["forecast_is_best"] != "refuted"


def test_a_rule_that_errs_as_much_as_the_commoner_answer_says_nothing(study, judged):
    found = judged(study, runs(loss=0.62))
    assert found["looks_finished.loss"] == "undecided"
    assert found["looks_finished.norm"] == "supported"


def test_the_seeds_of_a_configuration_count_once(study, judged):
    """A share that is not shown to be above one in twenty is not shown by more seeds of the same configurations."""
    few = runs(forecast=0.86)["looked"]
    assert judged(study, {"looked": few})["looks_finished.forecast"] == "undecided"
    many = xr.concat([few] * 9, "run")
    assert judged(study, {"looked": many})["looks_finished.forecast"] == "undecided"
    apart = many.assign_coords(configuration=("run", np.arange(9 * N).astype(str)))
    assert judged(study, {"looked": apart})["looks_finished.forecast"] == "supported"


def test_runs_that_a_rule_cannot_judge_are_left_out_for_all(study):
    numbers = runs()
    numbers["looked"]["norm"][:20] = 1e9
    assert all(f"of {N - 20} runs" in each.note for each in study.judge(numbers))


def test_a_plateau_that_is_better_refutes_the_forecast(study, judged):
    assert judged(study, runs(norm=1.0, forecast=0.7))["forecast_is_best"] == "refuted"


def test_rules_that_know_nothing_are_no_better_than_the_commoner_answer(study, judged):
    numbers = runs(share=0.5)
    for rule in ("loss", "norm", "forecast"):
        numbers["looked"][rule][:] = np.random.default_rng(3).random(N)
    assert judged(study, numbers)["best_rule"] in ("undecided", "refuted")


def test_a_rule_fitted_on_what_the_other_half_denies_is_refuted(study, judged):
    numbers = runs(share=0.5)["looked"]
    own = numbers["half"].values == 0
    right = numbers["moved"].values
    for rule in ("loss", "norm", "forecast"):
        numbers[rule][:] = np.where(own, right, 1 - right)
    assert judged(study, {"looked": numbers})["best_rule"] == "refuted"


def test_motion_and_slope_are_read_off_curves(study):
    steps = np.array([1.0, 50, 60, 80, 100, 200, 900, 2000])
    accuracy = np.array([0, 0.05, 0.05, 0.05, 0.05, 0.05, 0.3, 0.9])
    run = xr.Dataset(
        {
            "curve_step": ("evaluation", steps),
            "curve_norm": ("evaluation", steps**-0.5),
            "curve_test_accuracy": ("evaluation", accuracy),
        }
    ).assign(step=100.0, test_accuracy=0.05)
    assert study.moved(run)
    assert study.norm_slope(run) == pytest.approx(0.5)
    assert not study.moved(run.assign(step=15.0))


def test_it_draws_what_moved_among_the_quietest(study):
    assert study.picture(runs()).text
