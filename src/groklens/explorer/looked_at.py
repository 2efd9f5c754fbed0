"""`LookedAt`: a run as the explorer looks at it, its last snapshot kept and its circuit found once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

import xarray as xr

from groklens.evidence import search, track
from groklens.hypotheses import Circuit
from groklens.measures import PROGRESS, Measure, embedding_plane
from groklens.runs import Run, as_run
from groklens.snapshots import Snapshot
from groklens.tasks import Task

T = TypeVar("T")
#: Snapshots beside the last that are kept: that of the step shown, and the one before.
_SNAPSHOTS = 2
#: Other values that are kept: tables and pictures of a few steps.
_VALUES = 12


class LookedAt:
    """A run whose snapshots are kept while they are looked at, so that pictures and tables of a step share one.

    It may stand wherever a run is meant; `run` is the run itself.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._snapshots: OrderedDict[int, Snapshot] = OrderedDict()
        self._values: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def task(self) -> Task:
        """What was learned."""
        return self.run.task

    @property
    def steps(self) -> list[int]:
        """The kept steps."""
        return self.run.steps

    @property
    def step_known(self) -> bool:
        """Whether files or user said at which steps of the training the weights are."""
        return self.run.step_known

    @property
    def last(self) -> int:
        """The last kept step."""
        return self.steps[-1]

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates, the same one for as long as it is looked at."""
        if step == self.last:
            return self.final
        if step not in self._snapshots:
            self._snapshots[step] = self.run.at(step)
        self._snapshots.move_to_end(step)
        while len(self._snapshots) > _SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return self._snapshots[step]

    @cached_property
    def final(self) -> Snapshot:
        """The last snapshot."""
        return self.run.final

    @cached_property
    def source(self) -> Run:
        """What views and measures are given: the run, its snapshots from here."""
        return as_run(self)

    @cached_property
    def circuit(self) -> Circuit | None:
        """The circuit that the last snapshot shows; None without one."""
        return search(self.final).circuit

    def table(self, step: int) -> xr.Dataset:
        """The table of one step, as `gl.track` gives it relative to the run's circuit."""
        return self.once(_table, step)

    def measured(self, measures: list[Measure], step: int) -> xr.Dataset:
        """Measures at one step as a table."""
        found = track(self.source, measures, self.circuit, steps=[step], progress=False)
        return found.sel(step=[step])  # a run of one step may bring rows of others along

    def once(self, function: Callable[..., T], *arguments: Hashable) -> T:
        """`function(self, *arguments)`, computed when it is first asked for and kept while it is among the latest."""
        key = (function, *arguments)
        if key not in self._values:
            self._values[key] = function(self, *arguments)
        self._values.move_to_end(key)
        while len(self._values) > _VALUES:
            self._values.popitem(last=False)
        value: T = self._values[key]
        return value


def _table(looked: LookedAt, step: int) -> xr.Dataset:
    wanted = [each for each in PROGRESS if looked.circuit is not None or "circuit" not in each.about.needs]
    return looked.measured([*wanted, embedding_plane], step)
