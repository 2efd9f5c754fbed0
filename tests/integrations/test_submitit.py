import threading
import time
from concurrent.futures import wait

import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.integrations.submitit import Jobs


class Job:
    """A job as submitit gives one, done in a thread of this process."""

    def __init__(self, function, args, kwargs):
        self.cancelled, self._found = threading.Event(), {}
        self._thread = threading.Thread(target=self._work, args=(function, args, kwargs))
        self._thread.start()

    def _work(self, function, args, kwargs):
        try:
            self._found["result"] = function(*args, **kwargs)
        except Exception as error:
            self._found["error"] = error

    def done(self):
        return self.cancelled.is_set() or not self._thread.is_alive()

    def cancel(self):
        self.cancelled.set()

    def result(self):
        if self.cancelled.is_set():
            raise RuntimeError("the job was cancelled")
        self._thread.join()
        if "error" in self._found:
            raise self._found["error"]
        return self._found["result"]


class Cluster:
    def __init__(self):
        self.jobs = []

    def submit(self, function, *args, **kwargs):
        self.jobs.append(Job(function, args, kwargs))
        return self.jobs[-1]


def test_futures_end_as_their_jobs_do():
    with Jobs(Cluster(), pace=0.01) as jobs:
        futures = [jobs.submit(pow, base, exp=2) for base in (2, 3)]
        failing = jobs.submit(int, "x")
        assert [future.result(timeout=10) for future in futures] == [4, 9]
        with pytest.raises(ValueError, match="invalid literal"):
            failing.result(timeout=10)
        time.sleep(0.05)  # nobody watches now, and another job is watched again
        assert jobs.submit(pow, 2, 3).result(timeout=10) == 8
    with pytest.raises(RuntimeError, match="after shutdown"):
        jobs.submit(pow, 2, 3)


def test_jobs_are_called_off():
    cluster = Cluster()
    jobs = Jobs(cluster, pace=0.01)
    future = jobs.submit(time.sleep, 0.5)
    jobs.shutdown(cancel_futures=True)
    with pytest.raises(RuntimeError, match="cancelled"):
        future.result(timeout=10)
    assert not wait([future]).not_done


def test_a_sweep_by_jobs_is_the_sweep_of_this_process(tmp_path):
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(5), model=gl.MLP(d_mlp=8, d_embed=4), train_fraction=0.6, steps=10,
        evaluate_every=5, keep=gl.Every(5),
    )  # fmt: skip
    sweep = gl.Sweep(recipe, over={"seed": range(4)})
    here = sweep.run(tmp_path / "here", stack=2, threads=1)
    with Jobs(Cluster(), pace=0.01) as jobs:
        there = sweep.run(tmp_path / "there", jobs, stack=2, threads=1)
    assert there.history().identical(here.history())


def test_what_submits_nothing_is_refused():
    with pytest.raises(BadArgument, match="submits nothing"):
        Jobs(3)
