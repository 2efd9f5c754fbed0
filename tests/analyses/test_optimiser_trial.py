"""The judgement of `optimiser_trial` can go either way."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

KEYS = {"Grokfast": "grokfast", "⊥Grad": "ortho_grad", "StableMax": "stablemax", "Muon": "muon"}
LENGTH = 1200.0
CONTROL = "AdamW at thrice Grokfast's rate"


@pytest.fixture
def study(study_named):
    return study_named("optimiser_trial")


@pytest.fixture
def claims(study):
    return importlib.import_module("analyses.optimiser_trial.claims")


@pytest.fixture
def planted():
    """Mean times to generalise by arm, or by arm and width, each seed's a little apart; beyond the length censored."""

    def make(widths=(48, 96), n=20, spread=0.2, **means):
        arms = {"AdamW": 600, CONTROL: 600, **dict.fromkeys(KEYS, 600)} | means
        arms = {name: of for name, of in arms.items() if of is not None}
        drawn = np.random.default_rng(0).normal(1, spread, (len(widths), len(arms), n))
        mean = np.array([np.broadcast_to(of, 2) for of in arms.values()]).T
        when = np.maximum(10.0, np.round(mean[:, :, None] * drawn, -1))
        dims, coords = (
            ("width", "arm", "seed"),
            {"width": list(widths), "arm": list(arms), "seed": range(n)},
        )
        events = {"memorised": np.full_like(when, 50.0), "generalised": np.where(when > LENGTH, np.nan, when)}
        events["last_step"] = np.full_like(when, LENGTH)
        return {
            "trial": xr.Dataset({name: (dims, each) for name, each in events.items()}, coords),
            "chosen": {"AdamW, 48": 4},
        }

    return make


@pytest.mark.parametrize("method", KEYS)
def test_each_prediction_can_be_supported_and_refuted(study, planted, judged, method):
    key = f"sooner.{KEYS[method]}"
    assert judged(study, planted(**{method: 300}))[key] == "supported"
    assert judged(study, planted(**{method: 800}))[key] == "refuted"
    assert judged(study, planted(**{method: 5000}))[key] == "refuted"  # never, within the length
    assert judged(study, planted(**{method: (300, 800)}))[key] == "undecided"


def test_where_nothing_generalises_nothing_is_refuted(study, planted, judged):
    numbers = planted()
    numbers["trial"]["generalised"][:] = np.nan
    found = judged(study, numbers)
    assert found.pop("bracketed") == "supported"
    assert set(found.values()) == {"undecided"}


def test_the_control_takes_the_credit(study, planted, judged):
    """What AdamW does at thrice Grokfast's rate as soon is no merit of the filter."""
    found = judged(study, planted(**{"Grokfast": 300, CONTROL: 295}))
    assert found["sooner.grokfast"] == "undecided"
    assert found["rate"] == "refuted"
    same = planted()
    same["trial"]["generalised"].loc[{"arm": CONTROL}] = (
        same["trial"]["generalised"].sel(arm="Grokfast").values
    )
    assert judged(study, same)["rate"] == "undecided"
    assert judged(study, planted(**{CONTROL: 900}))["rate"] == "supported"
    assert judged(study, planted(**{CONTROL: 5000, "Grokfast": 5000}))["rate"] == "undecided"


def test_without_its_control_grokfast_is_not_supported(study, planted, judged):
    found = judged(study, planted(**{"Grokfast": 300, "Muon": 300, CONTROL: None}))
    assert found["sooner.grokfast"] == found["rate"] == "undecided"
    assert found["sooner.muon"] == "supported"


@pytest.mark.parametrize(
    ("chosen", "verdict"), [((4, 3), "supported"), ((4, 7), "refuted"), ((1, 4), "refuted")]
)
def test_a_choice_at_the_end_of_its_range_is_told(claims, chosen, verdict):
    found = claims.bracketed(dict(zip(("AdamW, 48", "Muon, 48"), chosen, strict=True)))
    assert found.verdict == verdict
    assert found.role == "aside"


def test_one_chance_among_sixteen_is_corrected(study, claims, planted):
    """A difference that a single test would take is not taken among sixteen."""
    every = {("a", "b", i): 0.01 if not i else 0.9 for i in range(16)}
    assert claims.holm(every)["a", "b", 0] == pytest.approx(0.16)
    assert claims.holm({("a", "", 0): 0.01, ("b", "", 0): 0.02, ("c", "", 0): 0.5}) == {
        ("a", "", 0): pytest.approx(0.03),
        ("b", "", 0): pytest.approx(0.04),
        ("c", "", 0): 0.5,
    }
    numbers = planted(spread=0.15, **{"Muon": 520})
    trial = numbers["trial"]
    assert claims.p_value(trial, 48, "Muon", "AdamW") < 0.05
    finding = next(each for each in study.judge(numbers) if each.key == "sooner.muon")
    assert finding.verdict == "undecided"
    assert "Holm, 10 tests" in finding.note


def test_times_that_are_censored_count_with_their_length(claims, planted):
    trial = planted(**{"Muon": 5000})["trial"]
    when, known = claims.times(trial, "Muon", 48)
    assert not known.any()
    assert set(when) == {LENGTH}
    assert claims.ratio(trial, 48, "Muon", "AdamW")[0] == pytest.approx(2, rel=0.1)
    assert claims.p_value(trial.sel(arm=["Muon"]), 48, "Muon", "Muon") == 1.0


def test_every_arm_is_tuned_as_much(study):
    module = importlib.import_module("analyses.optimiser_trial.arms")
    arms, control = module.ARMS, module.control
    recipes = {name: arm.recipes(study.RECIPE) for name, arm in arms.items()}
    assert {len({each.id for each in of}) for of in recipes.values()} == {9}
    assert not set(study.TUNING) & set(study.JUDGED)
    assert len(study.JUDGED) >= 20
    for plain, fast in zip(recipes["AdamW"], recipes["Grokfast"], strict=True):
        assert fast.optimizer.optimizer == plain.optimizer
        thrice = control(fast)
        assert thrice.optimizer.lr == pytest.approx(3 * plain.optimizer.lr)
        assert replace(thrice, optimizer=plain.optimizer) == plain


def test_the_best_configuration_is_of_the_least_mean_time(study):
    def events(*generalised):
        return xr.Dataset({"generalised": ("seed", list(generalised)), "last_step": ("seed", [LENGTH] * 2)})

    assert study._best([events(np.nan, 100), events(500, 500), events(500, 500)]) == 1
    assert study._best([events(np.nan, np.nan), events(np.nan, 1190)]) == 1


def test_what_stands_in_the_text_is_what_is_done(study, claims):
    assert f"more than {claims.NO_GAIN} of AdamW's mean time" in " ".join(study.__doc__.split())
