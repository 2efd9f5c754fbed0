"""`Jobs`: an executor of submitit as one of `concurrent.futures`, for sweeps on a cluster that runs SLURM."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from groklens.errors import BadArgument, described

#: Seconds between two looks at the jobs.
PACE = 1.0


class Jobs(Executor):
    """An executor whose work is done by jobs of submitit: `sweep.run(into, Jobs(submitit.AutoExecutor("jobs")))`.

    Args:
        executor: an executor of submitit, its parameters set (`executor.update_parameters(timeout_min=120)`); its
            machines see the sweep's folder under the same path. `submitit.LocalExecutor` runs jobs on this one.
        pace: seconds between two looks at the jobs that run.

    A job that fails, or is lost, fails as its future does: the sweep says which stack, and the same call goes on.
    Raises `BadArgument` for what does not submit.

    >>> Jobs(submitit.AutoExecutor("jobs"))  # doctest: +SKIP
    """

    def __init__(self, executor: Any, pace: float = PACE) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise BadArgument(
                f"{described(executor)} submits nothing; give one of submitit: AutoExecutor('jobs')."
            )
        self._executor, self._pace = executor, pace
        self._waiting: dict[Future[Any], Any] = {}
        self._lock, self._closed = threading.Lock(), False
        self._watcher: threading.Thread | None = None

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a job for a call; its future ends when the job does."""
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")  # as executors of Python say it
        future: Future[Any] = Future()
        job = self._executor.submit(function, *args, **kwargs)
        future.set_running_or_notify_cancel()
        with self._lock:
            self._waiting[future] = job
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; with `cancel_futures` call the jobs off, and with `wait` return when all have ended."""
        self._closed = True
        if cancel_futures:
            with self._lock:
                for job in self._waiting.values():
                    job.cancel()
        watcher = self._watcher
        if wait and watcher is not None:
            watcher.join()

    def _watch(self) -> None:
        """End the futures of jobs that have ended, until none is left."""
        while True:
            with self._lock:
                done = [(future, job) for future, job in self._waiting.items() if job.done()]
                for future, _ in done:
                    del self._waiting[future]
                is_last = not self._waiting
                if is_last:
                    self._watcher = None  # the next job gets another
            for future, job in done:
                _end(future, job)
            if is_last:
                return
            time.sleep(self._pace)


def _end(future: Future[Any], job: Any) -> None:
    """Give a future what its job gave or raised."""
    try:
        result = job.result()
    except BaseException as error:  # whatever a job, or its loss, raises
        future.set_exception(error)
    else:
        future.set_result(result)
