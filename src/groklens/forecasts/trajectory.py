"""`Trajectory`: a run up to a step, as a signal may see it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, described, whole_number
from groklens.forecasts.chosen import Chosen
from groklens.forecasts.signal import SEES, Sees
from groklens.forecasts.views_of_task import seen_as
from groklens.runs import AnyRun, Run, as_run
from groklens.snapshots import Snapshot
from groklens.sweeps import KNOWN
from groklens.tasks import Examples
from groklens.value_checks import choice

#: What of a history each may see.
_COLUMNS = {"train_only": ("train_loss", "train_accuracy"), "held_out": None, "oracle": None}


class Trajectory:
    """A run up to a step: its evaluated rows and kept snapshots until then, and nothing later.

    Args:
        run: a run whose split is known.
        step: the last step that is seen; the snapshot is that of the last kept step at or before it.
        sees: `"train_only"`, `"held_out"` or `"oracle"`: what of the task is shown. With `"train_only"` the snapshots'
            task is the train examples alone, with `"held_out"` a table of all examples that has no group, with
            `"oracle"` the run's own.

    Raises `BadArgument` for a stream, an unknown split, a step before the first that was kept, and, when asked, for
    steps after `step` and for what may not be seen.

    >>> Trajectory(run, 400, sees="train_only").snapshot().task  # doctest: +SKIP
    """

    def __init__(self, run: AnyRun, step: int, sees: Sees | str = "oracle") -> None:
        self._run: Run = as_run(run)
        self.step = whole_number("step", step, 0)
        self.sees: Sees = choice("sees", sees, SEES)
        if self._run.task.is_stream or self._run.train_index is None:
            what = "a stream" if self._run.task.is_stream else "a run whose train examples are not known"
            raise BadArgument(
                f"{self._run.name} is {what}; signals are of a table with a known split (train_index)."
            )
        self.steps = [each for each in self._run.steps if each <= self.step]
        if not self.steps:
            raise BadArgument(
                f"{self._run.name} has kept no step up to {self.step}; its first is {self._run.steps[0]}."
            )
        self._whole: dict[int, Snapshot] = {}
        self._shown: dict[tuple[int, Sees], Snapshot] = {}

    def __repr__(self) -> str:
        return f"Trajectory({self._run.name} to step {self.step}, {self.sees})"

    def seen_by(self, sees: Sees | str) -> Trajectory:
        """The same run and step as another kind of signal may see it; models that were opened are shared.

        Raises `BadArgument` where that would show more than this one does.
        """
        if SEES.index(choice("sees", sees, SEES)) > SEES.index(self.sees):
            raise BadArgument(f"This trajectory is {self.sees}; it cannot show what is {sees}.")
        return self._beside(Trajectory(self._run, self.step, sees))

    def until(self, step: int) -> Trajectory:
        """The same run up to an earlier step; models that were opened are shared."""
        if step > self.step:
            raise BadArgument(
                f"Step {step} was asked of a trajectory up to step {self.step}, and is later than it."
            )
        return self._beside(Trajectory(self._run, step, self.sees))

    def _beside(self, other: Trajectory) -> Trajectory:
        """Another trajectory of the run, which opens no model twice."""
        other._whole, other._shown = self._whole, self._shown
        return other

    @property
    def chosen(self) -> Chosen | None:
        """Loss, hyper-parameters and seed, where the recipe is known: they are no secret, as its task would be."""
        return None if self._run.recipe is None else Chosen.of(self._run.recipe)

    @cached_property
    def history(self) -> xr.Dataset:
        """Losses and accuracies of every row up to the step, of the train examples alone where only those are seen."""
        rows = self._run.history
        if "step" not in rows:
            return rows
        rows = rows.isel(step=np.flatnonzero(rows["step"].values <= self.step))
        shown = _COLUMNS[self.sees]
        return rows if shown is None else rows[[name for name in shown if name in rows]]

    def evaluated(self, name: str) -> xr.DataArray:
        """One column of the history where it was evaluated, up to the step; `BadArgument` where it may not be seen."""
        if name not in self.history:
            known = ", ".join(map(str, self.history.data_vars)) or "no losses"
            raise BadArgument(
                f"A signal that is {self.sees} asked for {described(name)} of {self._run.name}; it sees {known}."
            )
        return self.history[name].dropna("step")

    @cached_property
    def memorised(self) -> float:
        """The first evaluated step at which train accuracy is at least 0.99, nan where that is not yet."""
        accuracy = self.evaluated("train_accuracy")
        known = np.flatnonzero(accuracy.values >= KNOWN)
        return float(accuracy["step"].values[known[0]]) if len(known) else float("nan")

    def snapshot(self, step: int | None = None) -> Snapshot:
        """The snapshot at a kept step, by default the last, on the examples that may be seen.

        Raises `BadArgument` for a step after the trajectory's own, or one that was not kept.
        """
        step = self.steps[-1] if step is None else step
        if step not in self.steps:
            why = "is later than it" if step > self.step else "was not kept"
            raise BadArgument(f"Step {step} was asked of a trajectory up to step {self.step}, and {why}.")
        if (step, self.sees) not in self._shown:
            self._shown[step, self.sees] = seen_as(self._opened(step), self.sees)
        return self._shown[step, self.sees]

    def _opened(self, step: int) -> Snapshot:
        if step not in self._whole:
            self._whole[step] = self._run.at(step)
        return self._whole[step]

    def examples(self, split: str) -> Examples:
        """The `"train"` or `"test"` examples; `BadArgument` where test examples may not be seen."""
        if choice("split", split, ("train", "test")) == "test" and self.sees == "train_only":
            raise BadArgument("A signal that is train_only asked for test examples; declare it held_out.")
        snapshot = self._opened(self.steps[-1])
        index = snapshot.train_index if split == "train" else snapshot.test_index
        task = snapshot.task
        return Examples(task.inputs[index], task.labels[index], task.targets[index], task.reads)
