"""Two rows of a table at a time: of progress measures of transformers from disk alone, and to the bit."""

import sys
import threading
from unittest.mock import patch

import pytest
import xarray as xr

import groklens as gl
from groklens import measures

KEY = gl.Circuit("C7", [1, 3])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A transformer's five checkpoints on disk."""
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(7, "add"),
        train_fraction=0.5,
        model=gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=24),
        steps=4,
        keep=gl.Every(1),
        evaluate_every=None,
    )
    return gl.load(gl.train(recipe, into=tmp_path_factory.mktemp("runs") / "run", progress=False).path)


def tracked(run, wanted, **options):
    """The table, and how often rows were taken in other threads."""
    module = sys.modules["groklens.measures.tabulate"]
    with patch.object(module, "each_beside", wraps=module.each_beside) as used:
        table = gl.track(run, wanted, KEY, progress=False, **options)
    return table, used.call_count


def one_after_another(run, wanted):
    """The same table without other threads."""
    with patch.object(sys.modules["groklens.measures.tabulate"], "each_beside", map):
        return gl.track(run, wanted, KEY, progress=False)


@pytest.mark.parametrize("wanted", ["PROGRESS", "PERFORMANCE", measures.excluded_loss])
def test_two_at_a_time_are_those_of_one_after_another(run, wanted):
    table, count = tracked(run, wanted)
    assert count == 1
    assert table["step"].values.tolist() == [0, 1, 2, 3, 4]
    xr.testing.assert_identical(table, one_after_another(run, wanted))


def test_rows_that_a_folder_keeps_are_the_same(run, tmp_path):
    table, count = tracked(run, "PROGRESS", into=tmp_path / "rows")
    assert count == 1
    again, _ = tracked(run, "PROGRESS", into=tmp_path / "rows")
    xr.testing.assert_identical(table, again)
    xr.testing.assert_identical(table.drop_attrs(), one_after_another(run, "PROGRESS").drop_attrs())


def test_a_measure_of_ones_own_is_taken_where_it_was_asked_for(run):
    threads = []

    @gl.measure(long_name="thread", units="x", valid_range=(0, 1), source="this test")
    def here(snapshot):
        threads.append(threading.current_thread())
        return 0.0

    _, count = tracked(run, [measures.loss, here])
    assert count == 0
    assert set(threads) == {threading.main_thread()}


def test_models_that_may_draw_random_numbers_are_looked_at_one_after_another(run):
    bridges = gl.Run.of({step: run.at(step).model for step in run.steps[:3]}, run.task)
    _, count = tracked(bridges, "PERFORMANCE")
    assert count == 0


def test_rows_that_take_much_memory_are_taken_one_after_another(run, monkeypatch):
    logits = 4 * 49 * 7
    for budget, expected in ((logits, 1), (logits - 1, 0)):
        monkeypatch.setattr("groklens.memory.BUDGETS.remembered", budget)
        assert tracked(run, "PERFORMANCE")[1] == expected
