"""What the callbacks have in common: a run recorded, measured and examined beside somebody else's training."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from groklens.claims import Finding
from groklens.errors import BadArgument, described, whole_number
from groklens.explain import explain
from groklens.integrations.bare import bare
from groklens.integrations.looked_at import Look, LookedAt, fitted
from groklens.measures import AnyMeasures, chosen_measures, tabulate
from groklens.models import Answer, random_set_aside
from groklens.recipes import Every, Keep
from groklens.runs import Run, RunPaths, as_path
from groklens.snapshots import TrainIndex
from groklens.tasks import Task, check_task
from groklens.threads import one_thread
from groklens.training import Recorder

#: Before the names of numbers, in the trainer's own log.
PREFIX = "groklens/"
#: Recordings that are open in this process by folder: a training that was interrupted says nothing of its end.
_OPEN: dict[Path, Recording] = {}


@dataclass(frozen=True)
class _AllReported:
    """The schedule of a recorder that is told only of the steps that are to be kept."""

    def keeps(self, step: int) -> bool:
        return True


class Recording:
    """A run of ours that is written while a trainer of another library trains.

    Its arguments are those of the callbacks, who say what they are. A callback gives `_begin`, `_at`, `_loss` and
    `_end` the module and the number of updates made, and logs what they return.
    """

    def __init__(
        self,
        task: Task,
        into: str | Path,
        *,
        keep: Keep | Any = None,
        measures: AnyMeasures | Iterable[Any] = (),
        explain_every: int | Any = None,
        train_index: TrainIndex | None = None,
        within: str = "",
        names: Mapping[str, Any] | None = None,
        answer: Answer | None = None,
        inputs: Callable[[Any], Any] | None = None,
        loss_units: str = "as the trainer reports it",
        resume: bool = False,
    ) -> None:
        check_task(task)
        self._task, self._into = task, as_path(into, "a new folder for the run")
        self._keep = Every(100) if keep is None else keep
        if not isinstance(self._keep, Keep):
            raise BadArgument(f"keep is {described(keep)}; give a schedule such as gl.Every(100).")
        self._keep.keeps(1)  # a LogSpaced that does not know the end says so now
        self._measures = chosen_measures(measures)
        self._explain_every = None if explain_every is None else whole_number("explain_every", explain_every)
        if self._explain_every is not None and self._explain_every < 1:
            raise BadArgument(f"explain_every is {explain_every}; give a number of updates, such as 1000.")
        self._train_index, self._within, self._loss_units = train_index, within, loss_units
        self._look, self._resume = Look(names, answer, inputs), resume
        self._recorder: Recorder | None = None
        self._is_open = False
        self._looked_at: LookedAt | None = None
        self._rows: list[xr.Dataset] = []
        #: The findings made while it trained, by step.
        self.findings: dict[int, list[Finding]] = {}

    @property
    def run(self) -> Run:
        """The run: what is kept so far, and all of it after the training."""
        if self._recorder is None:
            raise BadArgument("Nothing is recorded yet; give the callback to a trainer and train.")
        return self._recorder.run

    @property
    def table(self) -> xr.Dataset:
        """The measures taken by this callback, over the steps kept since the training began or was taken up."""
        return (
            xr.concat(self._rows, dim="step", join="outer", combine_attrs="override")
            if self._rows
            else xr.Dataset()
        )

    def _begin(self, module: Any, step: int) -> dict[str, float]:
        """Open the recording of a model after `step` updates, and measure it; numbers by name for the trainer's log."""
        module = bare(module, self._within)
        resume = self._goes_on(step)
        if (other := _OPEN.get(self._into.resolve())) is not None and (resume or other is self):
            other._end(InterruptedError("the training was interrupted"))
        task = fitted(self._task, module)
        with self._set_aside(module):
            self._looked_at = self._look.of(module)
            self._looked_at.check(task.inputs[:8])
            self._recorder = Recorder(
                self._looked_at.model,
                task,
                self._into,
                _AllReported(),
                self._train_index,
                loss_units=self._loss_units,
                resume=resume,
            )
            self._recorder.__enter__()
            self._is_open, _OPEN[self._into.resolve()] = True, self
            self._check_step(step)
            self._rows = []
            return self._measured(step)

    def _goes_on(self, step: int) -> bool:
        """Whether a recording is taken up: it is asked for, and one is there."""
        there = RunPaths(self._into).header.exists()
        if step and not (self._resume and there):
            how = "give the callback resume=True" if there else "record it from its first update on"
            raise BadArgument(
                f"The training goes on after step {step}, and the recording in {self._into} would begin there; {how}."
            )
        return self._resume and there

    def _check_step(self, step: int) -> None:
        assert self._recorder is not None  # made before this
        if self._recorder.last != step:
            found = self._recorder.last
            error = BadArgument(
                f"The training goes on after step {step} with the weights that step {found} in {self._into} has; "
                "resume from a checkpoint of the training that was recorded."
            )
            self._end(error)
            raise error

    def _at(self, module: Any, step: int, *, needed: bool = False, loss: Any = None) -> dict[str, float]:
        """Keep and measure the model after `step` updates where that is due or `needed`; numbers by name."""
        if (
            not self._is_open
            or self._recorder is None
            or self._looked_at is None
            or step <= self._recorder.last
        ):
            return {}
        explained = self._explain_every is not None and step % self._explain_every == 0
        if not (needed or explained or self._keep.keeps(step)):
            return {}
        with self._set_aside(bare(module, self._within)):
            if not self._kept(step, loss):
                return {}
            return {
                **self._unless_it_fails(self._measured, step),
                **(self._unless_it_fails(self._explained, step) if explained else {}),
            }

    def _kept(self, step: int, loss: Any) -> bool:
        """Keep the model after `step` updates; where that fails the recording ends there, and the training goes on."""
        assert self._recorder is not None
        assert self._looked_at is not None
        try:
            self._looked_at.refresh()
            self._recorder.step(step, loss)
        except (
            Exception
        ) as error:  # a full disk, a card without room: nothing that the training has to stop for
            warnings.warn(f"The recording in {self._into} ends before step {step}: {error}", stacklevel=2)
            self._end(error)
            return False
        return True

    def _loss(self, step: int, loss: Any) -> None:
        """Record the trainer's own loss of a step."""
        if self._is_open and self._recorder is not None:
            self._recorder.report(step, loss)

    def _end(self, error: BaseException | None = None) -> None:
        """Close the recording: finished, or after `error` as far as it came."""
        if not self._is_open or self._recorder is None:
            return
        self._is_open = False
        _OPEN.pop(self._into.resolve(), None)
        self._recorder.__exit__(None if error is None else type(error), error, None)

    def _measured(self, step: int) -> dict[str, float]:
        if not self._measures:
            return {}
        row = tabulate(self.run, self._measures, None, [step])
        self._rows.append(row)
        return {f"{PREFIX}{name}": float(value[0]) for name, value in row.items() if value.dims == ("step",)}

    def _explained(self, step: int) -> dict[str, float]:
        found = explain(self.run, steps=[step], progress=False).findings
        self.findings[step] = list(found)
        return {f"{PREFIX}{each.key}": float(each.value) for each in found if each.value is not None}

    @staticmethod
    def _unless_it_fails(look: Callable[[int], dict[str, float]], step: int) -> dict[str, float]:
        """What a look gives; where it fails the training goes on, with a warning."""
        try:
            return look(step)
        except Exception as error:  # a measure of the user's own raises whatever it raises
            warnings.warn(f"The numbers of step {step} are left out of the log: {error}", stacklevel=2)
            return {}

    @contextmanager
    def _set_aside(self, module: Any) -> Iterator[None]:
        """Context in which whatever is drawn or set is put back: the training goes on as if nobody had looked."""
        with random_set_aside(module), one_thread():
            yield
