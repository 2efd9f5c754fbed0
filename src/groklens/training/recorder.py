"""`gl.Recorder`: recording a user's own training loop and model as a run."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.models import Answer, answered
from groklens.models.fast_pass import quick_holds
from groklens.recipes import Every, Keep
from groklens.runs import (
    REPORTED,
    FolderLock,
    Header,
    Run,
    RunPaths,
    RunWriter,
    as_path,
    check_place,
    environment,
)
from groklens.snapshots import Snapshot, TrainIndex, split_of
from groklens.tasks import Task, check_can_be_made_again, check_task
from groklens.training.checkpoint_check import Witness, weights_of
from groklens.training.recordable import check_recordable, description_of, device_name
from groklens.training.reported import Reported, losses_and_accuracies, one_number
from groklens.training.resume_recording import clear_later, taken_up
from groklens.value_checks import title


class Recorder:
    """Records your own training loop into a folder that everything in groklens takes as a run.

    Args:
        model: any TransformerBridge, HookedRootModule, torch module through `gl.hooked`, or object with `cfg`,
            `run_with_cache`, `state_dict` and `load_state_dict`. It is looked at, never changed; the global random
            state is not used.
        task: what it is trained on.
        into: a new folder for the run.
        keep: which steps to keep, `Every(100)` by default; the first and the last are kept in any case.
        train_index: the inputs trained on, as indices or as a boolean mask over the task's inputs. None when
            the split is not known: losses and accuracies are then not recorded; and of a stream, whose probe is all
            test.
        answer: a function from what the model gives to its logits, for a model that gives a tuple or a mapping.
        loss_units: the unit of the losses that `step` is given, for axes and tables.
        resume: take up the recording that is in `into` already, at the kept step whose weights the model has.

    On entry step 0 is kept; call `step(k)` after update k. At each kept step the loss (float64 cross-entropy
    at the answer, in nats) and the accuracy are recorded on train and test inputs.

    What there is after each kind of end:
        * the block ends: the last step reported is kept, everything is looked at once more, and the run is sealed
          as finished;
        * the loop raises, or Ctrl-C, inside `step` too: the last step whose weights `step` was given is kept under
          its own number, the run stays unfinished, and the error goes on;
        * a kill, or no power: every step kept before is whole, and losses reported since the last kept step may be
          gone;
        * a full disk: `DamagedRun`, and what was kept before is whole.
    After the last three, load weights of a kept step into your model (and your optimiser's state of that step, which
    is yours to keep), and record on with `resume=True`: steps kept after it are made anew, `last` is its number.

    Raises `BadArgument` for a model that cannot be recorded or does not fit the task, a folder that is, or lies within,
    that of a run or a sweep, an unusable `train_index`, steps that do not increase, or checkpoints that would not be
    the model's; `RunInUse` for a folder that another recorder or process is writing; `DamagedRun` when the disk
    refuses.

    >>> with Recorder(model, task, into="runs/mine", train_index=index) as recorder:  # doctest: +SKIP
    ...     for k in range(1, 10_001):
    ...         update(model)
    ...         recorder.step(k)
    >>> run = recorder.run  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Any,
        task: Task,
        into: str | Path,
        keep: Keep | None = None,
        train_index: TrainIndex | None = None,
        *,
        answer: Answer | None = None,
        loss_units: str = "as reported",
        resume: bool = False,
    ) -> None:
        check_recordable(model)
        check_task(task)
        check_can_be_made_again(task)
        self._model = model if answer is None else answered(model, answer)
        self._task = task
        self._path = as_path(into, "a new folder for the run").absolute()
        self._keep = Every(100) if keep is None else keep
        self._train_index = split_of(task, train_index)
        self._loss_units = title("loss_units", loss_units)
        self._resume = resume
        self._lock: FolderLock | None = None
        self._writer: RunWriter | None = None
        self._witness: Witness | None = None
        self._last = Reported()
        self._is_live = True
        self._passing: int | None = None  # a last step of before, kept though `keep` does not say so
        if not isinstance(self._keep, Keep):
            raise BadArgument(
                f"keep is {described(keep)}; give a schedule such as gl.Every(100) or gl.Steps([10, 100])."
            )
        self._keep.keeps(1)  # a LogSpaced that does not know the end says so now

    def __enter__(self) -> Recorder:
        """Start the run and keep step 0, or take it up where it was."""
        check_place(self._path, "the recording", resumes=self._resume)
        self._witness = Witness(self._model, self._task)
        self._lock = FolderLock(self._path)
        try:
            self._begin(self._lock)
        except BaseException:
            self._lock.release()
            self._writer = None
            raise
        return self

    def _begin(self, lock: FolderLock) -> None:
        header = self._header()
        start = 1 + self._last.step if self._resume else 0
        self._writer = RunWriter(lock, header, start)
        if self._resume:
            clear_later(self._writer)
        else:
            self._last = Reported(0, weights_of(self._model))
            self._record()

    def _header(self) -> Header:
        """The header of a new recording, or of the one that is taken up."""
        assert self._witness is not None  # there since the entry
        engine = "quick" if quick_holds(self._model, self._task.inputs, self._task.d_vocab_out) else "plain"
        new = Header(
            task=self._task,
            model=description_of(self._model, self._witness),
            train_index=None if self._train_index is None else self._train_index.tolist(),
            environment=environment(engine, device_name(self._model)),
            loss_units=self._loss_units,
        )
        if not self._resume:
            return new
        header, step = taken_up(self._path, new, weights_of(self._model))
        if step is None:
            self._resume = False
            return header
        self._last = Reported(step)
        self._passing = None if step == 0 or self._keep.keeps(step) else step
        return header

    @property
    def last(self) -> int:
        """The number of the last step that was reported, or at which the recording was taken up."""
        return self._last.step

    def step(self, step: int, loss: float | Tensor | None = None) -> None:
        """Report that the model is now what `step` updates made of it; it is stored if `keep` says so.

        `loss`, when given, is recorded as this step's `reported_loss`, in the unit that `loss_units` names. Raises
        `BadArgument` outside the `with` block, unless steps increase from 1 on, and where the model has parts that
        no checkpoint holds.
        """
        writer = self._open_writer()
        step = whole_number("step", step)
        if step <= self._last.step:
            after = (
                "step 0 was kept on entry" if self._last.step == 0 else f"step {self._last.step} came before"
            )
            raise BadArgument(
                f"step is {step}, but {after}; report the number of updates made so far, each once, rising."
            )
        own = {} if loss is None else {REPORTED: one_number(loss)}
        if self._last.due:
            self._is_live = False
            self._record()  # an interruption that the loop caught came before it was kept
            self._is_live = True
        # Number and weights change together, so that an interruption can never part them.
        self._last = Reported(step, weights_of(self._model), own)
        self._last.due = self._keep.keeps(step)
        if self._last.due:
            self._record()
        elif own:
            writer.record(step, own)

    def report(self, step: int, loss: float | Tensor) -> None:
        """Record the loop's own loss of a step as its `reported_loss`, where it is known apart from the weights.

        A step that has not been given to `step` is not looked at by this. Raises `BadArgument` outside the `with`
        block, and for a loss that is no number.
        """
        self._open_writer().record(whole_number("step", step), {REPORTED: one_number(loss)})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Keep the last step that was reported, and seal the run unless the loop raised."""
        try:
            self._close(finished=error is None)
        except Exception as own:
            if error is None:
                raise
            # The loop's error is the one to see.
            warnings.warn(f"The recorder could not keep step {self._last.step}: {own}", stacklevel=2)
        finally:
            if self._lock is not None:
                self._lock.release()

    @property
    def run(self) -> Run:
        """The run: all that is kept so far inside the `with` block, everything after it."""
        if self._witness is None or not RunPaths(self._path).header.exists():
            raise BadArgument(
                "Nothing is recorded yet; use `with gl.Recorder(...) as rec:` and then rec.run."
            )
        if self._writer is not None:
            self._writer.flush()
        return Run(self._path, model=self._witness.copy)

    def _close(self, *, finished: bool) -> None:
        if self._writer is None or self._witness is None:
            return
        try:
            self._is_live = False  # the loop may have made another update since
            if self._last.weights:
                self._record()
            if finished:
                self._witness.check()
                self._writer.finish()
            else:
                self._writer.flush()
        finally:
            self._writer = None

    def _record(self) -> None:
        """Evaluate and keep the last step that was reported: the numbers are those of the weights that are kept."""
        writer, reported = self._open_writer(), self._last
        assert self._witness is not None  # there since the entry
        if self._is_live:
            self._witness.look(self._model, reported.weights)
        model = self._witness.with_weights(reported.weights)
        found = losses_and_accuracies(Snapshot(model, self._task, train_index=self._train_index))
        row = {**found, **writer.history.rows.get(reported.step, {}), **reported.own}
        writer.keep(reported.step, reported.weights)
        if self._passing is not None:
            writer.forget(self._passing)
            self._passing = None
        if row:
            writer.record(reported.step, row)
        writer.flush()
        self._last = Reported(reported.step)

    def _open_writer(self) -> RunWriter:
        if self._writer is None:
            raise BadArgument(
                "The recorder is not open; report steps inside `with gl.Recorder(...) as rec:`."
            )
        return self._writer
