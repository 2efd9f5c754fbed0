"""The library of forecasts by design: what must be in it is, the fresh runs are not, and a few can be made."""

import importlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import groklens as gl


@pytest.fixture
def of(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: importlib.import_module(f"analyses.forecasting.{name}")


def test_what_must_be_in_it_is(of):
    wanted = of("design").library_runs()
    assert len(wanted) >= 300
    assert min(Counter(each for each, _ in wanted).values()) >= 3
    for name in ("fold", "model", "optimizer"):
        shares = Counter(getattr(each, name) for each, _ in wanted)
        assert len(shares) == 2
        assert len(set(shares.values())) == 1
    kinds = Counter(each.kind for each, _ in wanted)
    assert set(kinds) == {"ordinary", "random_table", "below_critical", "no_decay", "plateau"}
    assert min(kinds.values()) >= len(wanted) / 15


def test_fresh_runs_are_of_the_design_and_of_other_seeds(of):
    fresh, known = of("design").fresh_runs(), of("design").library_runs()
    assert len(fresh) == len({each for each, _ in fresh}) == 60
    assert {each for each, _ in fresh} <= {each for each, _ in known}
    assert not {seed for _, seed in fresh} & {seed for _, seed in known}


def test_a_random_table_has_the_group_to_look_for_and_not_to_follow(of):
    design = of("design")
    for task in design.TASKS.values():
        random = design.random_table(task)
        assert random.inputs.equal(task.inputs)
        assert random.symmetry.group.name == task.symmetry.group.name
        assert float((random.labels == task.labels).double().mean()) < 0.15


def test_a_few_are_made_and_a_users_signal_with_them(of, tmp_path, monkeypatch):
    monkeypatch.setattr(
        gl.forecasts, "COSTLY", (gl.forecasts.WeightNorm(),)
    )  # cheap, in the place of what is not
    (tmp_path / "mine.py").write_text(
        "from groklens.forecasts import ElapsedTime, WeightNorm\n"
        "class Twice(ElapsedTime):\n"
        "    name, sees, units, source = 'twice', 'train_only', 'updates', 'mine'\n"
        "    def value(self, trajectory):\n"
        "        return 2.0 * trajectory.step\n"
        "MINE = Twice()\n"
    )
    library, wanted = of("library"), of("design").library_runs()[:2]
    mine = library.loaded([f"{tmp_path / 'mine.py'}:MINE"])
    made = library.made(wanted, tmp_path / "runs", mine, smoke=True)
    gl.forecasts.write_library(made, tmp_path / "some.npz")
    assert made.sizes["run"] == 2
    assert set(made["kind"].values) == {"ordinary"}
    assert len(set(made["configuration"].values)) == 1
    np.testing.assert_allclose(made["signal_twice"], 2 * made["step"])
    assert made["signal_weight_norm"].notnull().any("run").values.tolist()[:2] == [False, True]
    assert any("never half known" in each for each in library.shares(made))


def test_the_fresh_runs_are_kept_apart(of):
    fresh, known = gl.forecasts.library(fresh=True), gl.forecasts.library()
    assert fresh.sizes["run"] == 60
    assert set(fresh["configuration"].values) <= set(known["configuration"].values)
    assert not set(fresh["seed"].values) & set(known["seed"].values)


def test_what_is_kept_is_of_the_design(of):
    kept, design = gl.forecasts.library(), of("design")
    assert kept.sizes["run"] == len(design.library_runs())
    kinds = Counter(each.kind for each, _ in design.library_runs())
    assert Counter(kept["kind"].values.tolist()) == kinds
    assert len(np.unique(kept["configuration"])) == len(design.configurations())
    for kind in ("random_table", "below_critical"):
        assert kept["half"].where(kept["kind"] == kind).isnull().all()
    said = of("library").shares(kept)
    assert "stood on a plateau there, and rose later: 27 of 312 (9%)" in said
