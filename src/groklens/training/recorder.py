"""`gl.Recorder`: recording a user's own training loop and model as a run."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_number
from groklens.models import (
    Answer,
    AnsweringModel,
    accuracy,
    answered,
    check_model,
    cross_entropy_each,
    describe_model,
    is_hooked,
    own_model,
)
from groklens.models.fast_pass import quick_holds
from groklens.recipes import Every, Keep
from groklens.runs import REPORTED, FolderLock, Header, Run, RunPaths, RunWriter, as_path, environment
from groklens.snapshots import Snapshot, Split, TrainIndex, judged_by, scores, split_of
from groklens.tasks import Task, check_can_be_made_again, check_task
from groklens.training.checkpoint_check import Witness, weights_of
from groklens.training.resume_recording import clear_later, taken_up
from groklens.value_checks import title


@dataclass
class _Reported:
    """The last step that the loop reported, with the weights that it had then and the loop's own loss."""

    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    own: dict[str, float] = field(default_factory=dict)
    due: bool = False


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

    Raises `BadArgument` for a model that cannot be recorded or does not fit the task, a folder that holds a
    run, an unusable `train_index`, steps that do not increase, or checkpoints that would not be the model's;
    `RunInUse` for a folder that another recorder or process is writing; `DamagedRun` when the disk refuses.

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
        _check_recordable(model)
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
        self._last = _Reported()
        self._is_live = True
        self._passing: int | None = None  # a last step of before, kept though `keep` does not say so
        if not isinstance(self._keep, Keep):
            raise BadArgument(
                f"keep is {described(keep)}; give a schedule such as gl.Every(100) or gl.Steps([10, 100])."
            )
        self._keep.keeps(1)  # a LogSpaced that does not know the end says so now

    def __enter__(self) -> Recorder:
        """Start the run and keep step 0, or take it up where it was."""
        if not self._resume:
            _refuse_existing(self._path)
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
            self._last = _Reported(0, weights_of(self._model))
            self._record()

    def _header(self) -> Header:
        """The header of a new recording, or of the one that is taken up."""
        engine = "quick" if quick_holds(self._model, self._task.inputs, self._task.d_vocab_out) else "plain"
        new = Header(
            task=self._task,
            model=self._description(),
            train_index=None if self._train_index is None else self._train_index.tolist(),
            environment=environment(engine, _device_name(self._model)),
            loss_units=self._loss_units,
        )
        if not self._resume:
            return new
        header, step = taken_up(self._path, new, weights_of(self._model))
        if step is None:
            self._resume = False
            return header
        self._last = _Reported(step)
        self._passing = None if step == 0 or self._keep.keeps(step) else step
        return header

    def _description(self) -> dict[str, Any]:
        """What the model is built again from; its class alone where what is built would not be this model."""
        assert self._witness is not None  # there since the entry
        own = own_model(self._model)
        described_ = describe_model(own)
        if own is not self._model:
            around = {"answered": isinstance(self._model, AnsweringModel), "hooked": is_hooked(self._model)}
            return {"kind": described_["kind"]} | {name: True for name, put in around.items() if put}
        return described_ if self._witness.agrees_with(described_) else {"kind": described_["kind"]}

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
        own = {} if loss is None else {REPORTED: _number(loss)}
        if self._last.due:
            self._is_live = False
            self._record()  # an interruption that the loop caught came before it was kept
            self._is_live = True
        # Number and weights change together, so that an interruption can never part them.
        self._last = _Reported(step, weights_of(self._model), own)
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
        self._open_writer().record(whole_number("step", step), {REPORTED: _number(loss)})

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
        found = self._evaluate(self._witness.with_weights(reported.weights))
        row = {**found, **writer.history.rows.get(reported.step, {}), **reported.own}
        writer.keep(reported.step, reported.weights)
        if self._passing is not None:
            writer.forget(self._passing)
            self._passing = None
        if row:
            writer.record(reported.step, row)
        writer.flush()
        self._last = _Reported(reported.step)

    def _evaluate(self, model: Any) -> dict[str, float]:
        """Loss and accuracy on train and test inputs; nothing without a split or finite logits.

        What `snapshots.scores` says, without the statistics of a group beside it: the user's loop waits.
        """
        snapshot = Snapshot(model, self._task, train_index=self._train_index)
        splits: dict[Split, Tensor | None] = {"train": snapshot.train_index, "test": snapshot.test_index}
        row: dict[str, float] = {}
        for name, index in splits.items():
            if index is None or not len(index):
                continue
            try:
                logits, outside = snapshot.logits[index], snapshot.outside[index]
            except BadArgument:
                return {}  # the model has diverged: the loop's business, and its weights are still kept
            if len(self._task.reads) > 1:
                found = scores(snapshot, name)
                row |= {f"{name}_loss": found.loss, f"{name}_accuracy": found.accuracy}
                continue
            wanted = judged_by(self._task, name)[index]
            row[f"{name}_loss"] = float(cross_entropy_each(logits, wanted).mean())
            row[f"{name}_accuracy"] = accuracy(logits, wanted, outside)
        return row

    def _open_writer(self) -> RunWriter:
        if self._writer is None:
            raise BadArgument(
                "The recorder is not open; report steps inside `with gl.Recorder(...) as rec:`."
            )
        return self._writer


def _check_recordable(model: Any) -> None:
    check_model(model)
    if not callable(getattr(model, "load_state_dict", None)):
        raise BadArgument(
            f"A {type(model).__name__} has no load_state_dict, so its checkpoints could not be opened again; "
            "give it one, or derive it from torch.nn.Module."
        )


def _refuse_existing(folder: Path) -> None:
    if RunPaths(folder).header.exists():
        raise BadArgument(
            f"{folder} already holds a run; record into another folder, delete it, or open what is there "
            f"with gl.load({str(folder)!r})."
        )


def _number(loss: Any) -> float:
    """One real number, whoever made it; `BadArgument` for anything else."""
    value = loss.detach() if isinstance(loss, Tensor) else loss
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value)
    if is_number(value):
        return float(value)
    raise BadArgument(
        f"loss is {described(loss)}; give one real number, such as loss=loss.item() or a tensor of one element."
    )


def _device_name(model: Any) -> str:
    parameters = getattr(model, "parameters", None)
    first = next(iter(parameters()), None) if parameters else None
    return "cpu" if first is None else str(first.device)
