"""The judgement of `forecasting` can go either way."""

import numpy as np
import pytest
import xarray as xr

HALVES = ["configurations, first half", "configurations, second half"]
SPLITS = [*HALVES, "fold: others, judged on a", "model: others, judged on b"]
SEES = {
    "base_rate": "",
    "hyper_parameters": "",
    "norm": "train_only",
    "slope": "held_out",
    "test_loss_slope": "held_out",
    "ipr": "oracle",
    "hankel_dmd": "held_out",
}


@pytest.fixture
def study(study_named):
    return study_named("forecasting")


def table(auroc=None, gained=None):
    """A referee's table: every signal at 0.6, the oracle at 0.9, nothing gained, unless it is said otherwise."""
    alone = [name for name, sees in SEES.items() if sees]
    names = [*SEES, *(f"{name} + hyper_parameters" for name in alone)]
    given = {"ipr": 0.9, "base_rate": 0.5} | (auroc or {})
    rows = np.array([[given.get(name, 0.6)] * len(SPLITS) for name in names], float)
    rows[names.index("norm"), 2:] = given.get("norm", 0.9)
    rows[names.index("norm"), 3] = given.get("norm_on_b", 0.3)
    plus = np.array([[(gained or {}).get(name.split(" +")[0], 0.0)] * len(SPLITS) for name in names])
    columns = {"auroc": rows, "auroc_high": rows + 0.05, "null_high": np.full_like(rows, 0.7)}
    columns |= {"auroc_gained": plus, "auroc_gained_low": plus - 0.05, "auroc_gained_high": plus + 0.05}
    coords = {
        "signal": names,
        "split": SPLITS,
        "sees": ("signal", [SEES.get(name.split(" +")[0], "") for name in names]),
    }
    return xr.Dataset({name: (("signal", "split"), each) for name, each in columns.items()}, coords)


def fresh(sharp=0.9, hyper=0.6, covered=0.8, never=0.5, seen_through=False):
    """Sixty runs, half of which change; the forecast gives those `sharp` and others 1 − `sharp`.

    The others change later, when `seen_through`.
    """
    n = 60
    changes = np.arange(n) % 2 == 0
    inside = np.arange(n) // 2 % 10 < covered * 10
    change = np.where(changes, 5.0, 1e9)
    open_ = np.arange(n) // 2 % 10 < never * 10
    low = np.where(changes, np.where(inside, 3.0, 6.0), 1.2)
    high = np.where(changes, 8.0, np.where(open_, 1e9, 6.0))
    seen = np.where(changes, 4.5, 12.0)
    if seen_through:
        change, seen = np.where(changes, 5.0, 15.0), np.where(changes, 4.5, 14.0)
        low, high = np.where(changes, low, np.where(inside, 11.0, 16.0)), np.where(changes, high, 20.0)
    columns = {
        "forecast": np.where(changes, sharp, 1 - sharp),
        "hyper_parameters": np.where(changes, hyper, 1 - hyper),
        "base_rate": np.full(n, 0.5),
        "low": low,
        "high": high,
        "seen": seen,
        "change": change,
        "known": np.ones(n),
        "changes": changes.astype(float),
    }
    coords = {"configuration": ("run", [f"number {i}" for i in range(n)])}
    return xr.Dataset({name: ("run", each) for name, each in columns.items()}, coords)


def leaks(*those):
    found = {name: [float(each in those) for each in SEES] for name in ("leaks", "share", "share_null")}
    return xr.Dataset({name: ("signal", each) for name, each in found.items()}, {"signal": list(SEES)})


def everyone(low, high, changed=16, n=54):
    """Fresh runs of which `changed` change, and the same interval for everyone, or one each."""
    happened = np.arange(n) < changed
    columns = {"low": np.broadcast_to(low, n), "high": np.broadcast_to(high, n)}
    columns |= {"seen": np.where(happened, 4.0, 12.0), "change": np.where(happened, 5.0, 1e9)}
    return xr.Dataset({name: ("run", each) for name, each in columns.items()})


def numbers(**changed):
    halves = fresh()
    return {
        "table": table(gained={"norm": 0.1}),
        "fresh": fresh(seen_through=True),
        "leaks": leaks(),
        "halves": halves,
    } | changed


def test_what_was_predicted_is_supported(study, judged):
    found = judged(study, numbers())
    assert found.pop("dmd") == "refuted"  # the authors' number
    assert set(found.values()) == {"supported"}, found


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("no_universal_warning", {"table": table({"norm": 0.9, "norm_on_b": 0.9})}),
        ("none_leaks", {"leaks": leaks("norm")}),
        ("some_signal_adds", {"table": table(gained=dict.fromkeys(SEES, -0.1))}),
        ("better_than.base_rate", {"fresh": fresh(sharp=0.1)}),
        ("better_than.hyper_parameters", {"fresh": fresh(sharp=0.6, hyper=0.9)}),
        ("covers", {"fresh": fresh(covered=0.2, never=0.2)}),
        (
            "covers",
            {
                "fresh": fresh(covered=1.0).assign(
                    high=("run", np.full(60, 1e9)),
                    low=("run", np.full(60, 1.0)),
                    change=("run", np.full(60, 5.0)),
                )
            },
        ),
        ("an_oracle_knows_more", {"table": table({"ipr": 0.5})}),
        ("dmd", {"table": table({"hankel_dmd": 0.5})}),
    ],
)
def test_each_prediction_can_be_refuted(study, judged, key, changed):
    assert judged(study, numbers(**changed))[key] == "refuted"


def test_what_tells_nothing_apart_is_undecided(study, judged):
    found = judged(study, numbers(fresh=fresh(sharp=0.5, hyper=0.5), table=table(gained={"norm": 0.02})))
    assert found["better_than.base_rate"] == found["better_than.hyper_parameters"] == "undecided"
    assert found["some_signal_adds"] == "undecided"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.0, 1e9, "undecided"),  # from now to never, of everyone
        (1e9, 1e9, "refuted"),  # never, of everyone, and sixteen change
        (np.where(np.arange(54) < 8, 1e9, 1.0), 1e9, "undecided"),  # half of the changes missed
    ],
)
def test_intervals_that_say_nothing_cover_nothing(study, low, high, verdict):
    assert study.covers(everyone(low, high)).verdict == verdict


def test_intervals_that_hold_every_change_are_too_wide(study):
    assert study.covers(everyone(1.0, 1e9, changed=54)).verdict == "refuted"


def test_intervals_of_runs_that_never_change_show_nothing(study):
    assert study.covers(everyone(1e9, 1e9, changed=0)).verdict == "undecided"


def test_a_null_that_warns_everywhere_refutes_nothing(study, judged):
    assert (
        judged(study, numbers(table=table({"test_loss_slope": 0.95})))["no_universal_warning"] == "supported"
    )


def test_a_split_without_a_value_is_no_failure(study, judged):
    some = table({"norm": 0.9, "norm_on_b": 0.9})
    some["auroc"].loc[{"signal": "norm", "split": SPLITS[3]}] = np.nan
    assert judged(study, numbers(table=some))["no_universal_warning"] == "undecided"
    some["auroc"].loc[{"signal": "norm", "split": SPLITS[2]}] = 0.3
    assert judged(study, numbers(table=some))["no_universal_warning"] == "supported"


def test_gains_too_small_to_speak_of_refute(study, judged):
    some = table(gained={"norm": 0.04})
    assert judged(study, numbers(table=some))["some_signal_adds"] == "undecided"
    some["auroc_gained_high"] = some["auroc_gained"] + 0.001
    assert judged(study, numbers(table=some))["some_signal_adds"] == "refuted"
    some["auroc_gained_high"] = (
        some["auroc_gained"] + 0.008
    )  # as near to the margin as draws of the bootstrap are
    assert judged(study, numbers(table=some))["some_signal_adds"] == "undecided"


def test_a_signal_that_adds_on_one_half_adds_nothing(study, judged):
    one = table(gained={"norm": 0.1})
    one["auroc_gained_low"].loc[{"split": HALVES[1]}] = -0.2
    assert judged(study, numbers(table=one))["some_signal_adds"] == "undecided"


def test_runs_not_watched_to_the_horizon_are_in_no_brier_score(study):
    some = fresh()
    some["known"][:30] = 0
    (found,) = [each for each in study.judge(numbers(fresh=some)) if each.key == "better_than.base_rate"]
    assert "30 runs at risk" in found.note


def test_it_draws_calibration(study):
    assert "hyper-parameters alone" in study.picture(numbers()).text
