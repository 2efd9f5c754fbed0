"""What the library that comes with groklens says of runs that must not be promised a change, and whom it refuses."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import groklens as gl
from groklens.forecasts.kept_settings import _samples, parts_in, set_otherwise
from groklens.forecasts.what_run import settings_of

CLOCKS = gl.forecasts.CLOCKS


@pytest.fixture(scope="module")
def design():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        yield importlib.import_module("analyses.forecasting.design")


def shortened(design, kind, steps, seed=7001):
    """The recipe of a run of the library, of a seed that it has not, cut short: how long it is watched is free."""
    which = {"fold": "subtraction", "model": "MLP", "optimizer": "AdamW", "kind": kind}
    found = (each for each in design.configurations() if all(getattr(each, k) == v for k, v in which.items()))
    recipe = next(found).recipe(seed)
    return replace(recipe, steps=steps, keep=gl.Steps([each for each in recipe.keep.steps if each <= steps]))


@pytest.fixture(scope="module")
def trained(design, tmp_path_factory):
    """A random table and too small a share, to more than eight times the step at which they have memorised."""
    recipes = [shortened(design, kind, 700) for kind in ("random_table", "below_critical")]
    table, share = gl.train_many(recipes, into=tmp_path_factory.mktemp("kept"), keep_optimizer=None)
    return {"random_table": table, "below_critical": share}


def looked_at(run):
    """The kept steps nearest after each of the library's clocks."""
    memorised = gl.sweeps.events_of(run)["memorised"].item()
    return [next(step for step in run.steps if step >= clock * memorised) for clock in CLOCKS]


@pytest.mark.parametrize("kind", ["random_table", "below_critical"])
def test_nothing_that_cannot_change_is_promised_a_change_at_any_clock(kind, trained):
    for step in looked_at(trained[kind]):
        found = gl.forecast(trained[kind], step=step)
        assert found.support.inside, found.support.reasons
        assert found.verdict == "quiet_but_unresolved"
        assert found.p_change < 0.5


@pytest.mark.parametrize("fresh", [False, True])
def test_no_run_of_the_library_that_cannot_change_has_half_a_chance_at_any_horizon(fresh):
    judged = gl.forecasts.library(fresh=fresh)
    for clock in CLOCKS:
        law = gl.forecasts.law_at(gl.forecasts.library(), clock)
        table = gl.forecasts.at_risk(judged, clock, None)
        cannot = np.isin(table["kind"].values, ["random_table", "below_critical"])
        table = table.isel(run=np.flatnonzero(cannot))
        for by in (2.0, 10.0, law.fitted.farthest):
            assert (law.chance(table, by) < 0.5).all()


def test_other_settings_under_a_known_name_are_refused(design, tmp_path):
    known = shortened(design, "random_table", 20)
    others = {
        "model": replace(known, model=replace(known.model, d_mlp=256)),
        "training": replace(known, batch_size=64),
        "task": replace(known, task=gl.RandomTable(23, seed=5)),
    }
    for part, recipe in others.items():
        found = gl.forecast(gl.train(recipe, tmp_path / part))
        assert (found.verdict, found.p_change) == ("outside_support", None)
        assert f"its {part} is set otherwise" in found.headline
        assert {
            "model": ": d_mlp is 256, and theirs 64 (",
            "training": ": batch size is 64, and theirs the whole ",
            "task": ": it is RandomTable(n=23, seed=5), and theirs is another task under the same name (",
        }[part] in found.headline
        assert "and the run's seed)" in found.headline


def test_how_the_librarys_runs_are_set_is_known_of_every_run():
    """Digests of samples are the library's own, so that what is said of them is true."""
    samples = [parts_in(settings_of(each)) for each in _samples()]
    for settings in set(gl.forecasts.library()["settings"].values.tolist()):
        for part in ("model", "optimizer", "training"):
            assert parts_in(settings)[part] in {each[part] for each in samples}


def test_of_a_library_of_others_nothing_is_said_of_how_its_runs_are_set(design):
    recipe = shortened(design, "ordinary", 20)
    assert set_otherwise(recipe, "model", {"model 00000000"}) == []
    other = replace(recipe, optimizer=gl.AdamW(lr=1.0, betas=(0.5, 0.98), eps=1e-3))
    known = settings_of(recipe).split(", ")
    assert set_otherwise(other, "optimizer", known) == [
        "betas is (0.5, 0.98), and theirs (0.9, 0.98)",
        "eps is 0.001, and theirs 1e-08",
    ]


@pytest.mark.parametrize(
    ("decay", "said"),
    [
        (0.0, "its train share is 0.65"),
        (1e-6, "its weight decay is 1e-06, and those of the library's runs with decay are 0."),
    ],
)
def test_a_pair_of_decay_and_share_that_the_library_has_not_is_refused(design, tmp_path, decay, said):
    """Each is in the library by itself; without decay at that share nothing came of runs that were watched for long."""
    known = shortened(design, "ordinary", 20)
    optimizer = replace(known.optimizer, weight_decay=decay)
    found = gl.forecast(gl.train(replace(known, train_fraction=0.65, optimizer=optimizer), tmp_path / "run"))
    assert (found.verdict, found.p_change) == ("outside_support", None)
    assert said in found.headline


def test_a_fork_is_refused_for_its_clock_is_its_parents(trained, tmp_path):
    run = trained["below_critical"]
    fork = gl.fork(run, run.steps[-2], tmp_path / "fork", optimizer_state=False)
    found = gl.forecast(fork)
    assert (found.verdict, found.p_change) == ("outside_support", None)
    assert "forecast of the parent" in found.headline


def test_settings_are_the_same_for_seeds_rates_shares_and_other_lengths(design):
    for fresh, wanted in ((False, design.library_runs()), (True, design.fresh_runs())):
        kept = gl.forecasts.library(fresh=fresh)["settings"].values.tolist()
        assert kept == [settings_of(configuration.recipe(seed)) for configuration, seed in wanted]
    recipe = design.configurations()[0].recipe(0)
    free = replace(recipe, seed=5, train_fraction=0.3, optimizer=gl.AdamW(lr=1e-4, weight_decay=0.0))
    assert settings_of(recipe) == settings_of(free)
    assert settings_of(recipe) != settings_of(
        replace(recipe, optimizer=gl.recipes.Grokfast(recipe.optimizer))
    )
