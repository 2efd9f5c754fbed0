import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor

import numpy as np
import pytest

import groklens as gl
import warm
from groklens.errors import BadArgument, DamagedRun, RecipeMismatch, RunNotFound, UnknownName

RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(7),
    model=gl.MLP(d_mlp=16, d_embed=8),
    optimizer=gl.AdamW(lr=1e-2),
    train_fraction=0.5,
    steps=40,
    evaluate_every=10,
    keep=gl.Every(20),
)
OVER = {"seed": range(6), "optimizer.weight_decay": (0.1, 1.0), "train_fraction": (0.5, 0.7)}
SWEEP = gl.Sweep(RECIPE, over=OVER)
MEASURES = ["test_loss", "sum_squared_weights"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    runs = SWEEP.run(tmp_path_factory.mktemp("here") / "sweep", threads=1)
    return runs, runs.track(MEASURES)


def same(runs, expected):
    table = runs.track(MEASURES)
    assert table.identical(expected[1])
    assert runs.history().identical(expected[0].history())


def test_a_sweep_is_a_run_at_every_place(expected):
    runs, table = expected
    assert len(runs) == runs.n_planned == 24
    assert not runs.failed
    assert table.test_loss.dims == ("seed", "weight_decay", "train_fraction", "step")
    assert not table.test_loss.isnull().any()
    place = {"seed": 3, "weight_decay": 0.1, "train_fraction": 0.7}
    run = runs.at(**place)
    assert (run.recipe.seed, run.recipe.optimizer.weight_decay, run.recipe.train_fraction) == (3, 0.1, 0.7)
    alone = gl.track(run, "test_loss").test_loss.values
    assert np.array_equal(table.test_loss.sel(place).values, alone)
    assert run.path.name == "seed=3,weight_decay=0.1,train_fraction=0.7"
    assert {each.name for each in runs} == {run.name for run in runs[:]}
    assert table.weight_decay.attrs["long_name"] == "weight decay"


def test_what_is_trained_at_once_is_written_down_and_does_not_mix_shapes(expected):
    runs, _ = expected
    plan = json.loads((runs.path / "sweep.json").read_text())
    assert sorted(len(stack) for stack in plan["stacks"]) == [4, 4, 8, 8]
    assert len({each["id"] for stack in plan["stacks"] for each in stack}) == 24


def test_the_same_call_computes_nothing_anew_and_another_sweep_is_refused(expected, monkeypatch):
    runs, _ = expected
    monkeypatch.setitem(vars(sys.modules["groklens.sweeps.sweep"]), "train_unit", None)
    assert SWEEP.run(runs.path) is not None
    assert SWEEP.run(runs.path, stack=8, threads=1, device="cpu") is not None
    with pytest.raises(RecipeMismatch, match="holds another sweep"):
        gl.Sweep(RECIPE, over={"seed": range(6)}).run(runs.path)


def test_a_later_call_that_asks_for_another_stack_threads_or_device_is_told(expected):
    runs, _ = expected
    for asked, kept in (
        ({"stack": 3}, "stack=8"),
        ({"threads": 2}, "threads=1"),
        ({"device": "cuda"}, "'cpu'"),
    ):
        with pytest.warns(UserWarning, match=f"as it was begun, with .*{kept}"):
            assert len(SWEEP.run(runs.path, **asked)) == 24
    with pytest.raises(BadArgument, match="stack is 0"):
        SWEEP.run(runs.path, stack=0)


def test_numbers_of_numpy_in_a_list_are_numbers():
    axis = gl.Sweep(RECIPE, over={"seed": [np.int64(1), 2], "optimizer.lr": [np.float64(0.5), 1]}).axes
    assert axis[0].labels == (1, 2)
    assert axis[1].labels == (0.5, 1)
    assert all(type(each) in (int, float) for one in axis for each in one.labels)
    listed = gl.Sweep(RECIPE, over=[{"seed": np.int64(3)}, {"seed": 4}])
    assert listed.axes[0].labels == ("seed=3", "seed=4")
    assert type(listed.recipes[0].seed) is int
    with pytest.raises(BadArgument, match="twice"):
        gl.Sweep(RECIPE, over={"seed": [np.int64(1), 1]})


def test_a_run_that_was_deleted_is_trained_again_as_it_was(expected, tmp_path):
    import shutil

    runs, _ = expected
    copied = shutil.copytree(runs.path, tmp_path / "sweep")
    before = (copied / "seed=1,weight_decay=1,train_fraction=0.5" / "run.json").read_text()
    shutil.rmtree(copied / "seed=1,weight_decay=1,train_fraction=0.5")
    again = SWEEP.run(copied)
    after = (copied / "seed=1,weight_decay=1,train_fraction=0.5" / "run.json").read_text()
    assert json.loads(before)["checkpoints"] == json.loads(after)["checkpoints"]
    assert len(again) == 24


def test_a_pool_that_breaks_is_said_and_a_fresh_one_finishes(expected, tmp_path):
    root = tmp_path / "sweep"
    with ProcessPoolExecutor(2, mp_context=warm.started()) as pool:
        killer = threading.Thread(target=kill_one_once_it_trains, args=(pool, root))
        killer.start()
        with pytest.raises(gl.sweeps.SweepUnfinished, match="fresh executor"):
            gl.Sweep(RECIPE, over=OVER).run(root, pool, threads=1)
        killer.join()
    with ProcessPoolExecutor(1, mp_context=warm.started()) as pool:
        same(SWEEP.run(root, pool), expected)


def kill_one_once_it_trains(pool, root):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if list(root.glob("unfinished/*/*/run.json")):
            os.kill(next(iter(pool._processes)), signal.SIGKILL)
            return
        time.sleep(0.01)


@pytest.mark.slow
def test_workers_of_a_cluster_are_killed_at_random(expected, tmp_path):
    distributed = pytest.importorskip("distributed")
    import dask

    root, stop = tmp_path / "sweep", threading.Event()
    warm.started()
    quiet = {
        "distributed.scheduler.allowed-failures": 50,
        "distributed.logging.distributed": "critical",
        "distributed.worker.multiprocessing-method": "forkserver",
    }
    with (
        dask.config.set(quiet),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=60) as cluster,
        distributed.Client(cluster) as client,
    ):
        killer = threading.Thread(target=kill_workers, args=(client, root, stop))
        killer.start()
        runs = finished(root, client)
        stop.set()
        killer.join()
    same(runs, expected)


def finished(root, client):
    for _ in range(10):  # a worker that dies while it is asked may break the call, and the same call goes on
        try:
            return gl.Sweep(RECIPE, over=OVER).run(root, client.get_executor(), threads=1)
        except gl.sweeps.SweepUnfinished:
            continue
    raise AssertionError("ten calls did not finish the sweep")


def kill_workers(client, root, stop):
    """Two workers, at two random moments of the training."""
    rng = np.random.default_rng(0)
    for _ in range(2):
        while not stop.is_set() and not list(root.glob("unfinished/*/*/run.json")):
            time.sleep(0.01)
        if stop.wait(float(rng.uniform(0.0, 0.3))):
            return
        try:
            pids = list(client.run(os.getpid).values())
            os.kill(pids[rng.integers(len(pids))], signal.SIGKILL)
        except Exception:  # it was dying already
            continue


def test_a_run_that_diverges_is_named_and_the_others_go_on(tmp_path):
    sweep = gl.Sweep(RECIPE, over={"optimizer": (gl.SGD(lr=0.1), gl.SGD(lr=1e30)), "seed": (0, 1)})
    runs = sweep.run(tmp_path / "sweep")
    assert len(runs) == 2
    assert len(runs.failed) == 2
    assert all("The loss is" in said for said in runs.failed.values())
    table = runs.track("test_loss")
    assert table.test_loss.isel(optimizer=1).isnull().all()
    assert not table.test_loss.isel(optimizer=0).isnull().any()
    with pytest.raises(UnknownName, match="The loss is"):
        runs.at(optimizer=runs.axes[0].labels[1], seed=0)
    assert sweep.run(tmp_path / "sweep").failed == runs.failed


def test_what_stands_in_a_runs_folder_is_not_replaced(tmp_path):
    mine = tmp_path / "sweep" / "seed=1" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(gl.sweeps.SweepUnfinished, match="move it away"):
        gl.Sweep(RECIPE, over={"seed": range(2)}).run(tmp_path / "sweep")
    assert mine.read_text() == "mine"
    mine.unlink()
    mine.parent.rmdir()
    assert len(gl.Sweep(RECIPE, over={"seed": range(2)}).run(tmp_path / "sweep")) == 2


class Refuses(ProcessPoolExecutor):
    def submit(self, *given):
        raise RuntimeError("no room")


class Breaks(ProcessPoolExecutor):
    def submit(self, *given):
        future = Future()
        future.set_exception(RuntimeError("lost"))
        return future


@pytest.mark.parametrize(("executor", "said"), [(Refuses, "no room"), (Breaks, "lost")])
def test_whatever_an_executor_raises_is_said(executor, said, tmp_path):
    with executor(1) as broken, pytest.raises(gl.sweeps.SweepUnfinished, match=said):
        SWEEP.run(tmp_path / "sweep", broken)
    with pytest.raises(BadArgument, match="No run of the sweep"):
        gl.sweeps.load(tmp_path / "sweep").track("test_loss")


def test_a_list_of_configurations_is_one_axis(tmp_path):
    listed = [{"seed": 0}, {"seed": 1, "model.d_mlp": 8}, {"seed": 1, "train_fraction": 0.6}]
    runs = gl.Sweep(RECIPE, over=listed).run(tmp_path / "sweep")
    found = runs.events().generalised
    assert found.dims == ("configuration",)
    assert list(found.configuration.values) == ["seed=0", "seed=1,d_mlp=8", "seed=1,train_fraction=0.6"]


def test_damage_to_the_plan_is_noticed(expected, tmp_path):
    import shutil

    copied = shutil.copytree(expected[0].path, tmp_path / "sweep")
    plan = copied / "sweep.json"
    plan.write_text(plan.read_text().replace('"threads": 1', '"threads": 2'))
    with pytest.raises(DamagedRun, match="checksum differs"):
        gl.sweeps.load(copied)
    with pytest.raises(RunNotFound, match="no sweep is there"):
        gl.sweeps.load(tmp_path)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({}, "names no field"),
        ({"seed": []}, "has no values"),
        ({"seed": 3}, "give its values"),
        ({"seed": (1, 1)}, "twice"),
        ({"optimiser.lr": (1, 2)}, "no field"),
        ({"optimizer.weight_dekay": (1, 2)}, "weight_decay"),
        ({"task.q": (5, 7)}, "no 'q'"),
        ("seed", "values by field"),
        ([], "values by field"),
        ([3], "mapping of fields"),
        ([{"seed": 0}, {"seed": 0}], "same recipe"),
        ({"train_fraction": (0.3, 2.0)}, "train_fraction"),
    ],
)
def test_what_is_no_sweep_is_refused_before_anything_is_trained(over, said):
    with pytest.raises(BadArgument, match=said):
        gl.Sweep(RECIPE, over=over)


def test_fields_of_parts_and_of_the_task_change():
    recipe = gl.sweeps.changed(RECIPE, {"task.p": 11, "model.d_mlp": 4, "optimizer.lr": 0.5})
    assert (recipe.task.p, recipe.model.d_mlp, recipe.optimizer.lr) == (11, 4, 0.5)


def test_a_schedule_over_the_whole_run_is_spaced_anew_with_the_steps():
    from dataclasses import replace

    spaced = replace(RECIPE, keep=gl.LogSpaced(5))
    assert gl.sweeps.changed(spaced, {"steps": 1000}).keep.until == 1000
    given = replace(RECIPE, keep=gl.LogSpaced(5, until=30))
    assert gl.sweeps.changed(given, {"steps": 1000}).keep.until == 30
