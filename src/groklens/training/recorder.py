"""Recording a loop of the user's own, with a model of the user's own, as a run."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

from torch import Tensor

from groklens.capture import Snapshot
from groklens.capture.split_index import TrainIndex, split_index
from groklens.errors import BadArgument, GroklensError, described, whole_number
from groklens.models import accuracy, check_model, quick_applies
from groklens.models.loss import cross_entropy_each
from groklens.models.rebuild import describe_model
from groklens.recipes import Every, Keep
from groklens.runs.header import Header, environment
from groklens.runs.paths import RunPaths, as_path
from groklens.runs.run import Run
from groklens.runs.writer import RunWriter
from groklens.tasks import Task, check_task
from groklens.training.bystander import at_rest


class Recorder:
    """Records your own training loop into a folder that everything in groklens takes as a run.

    Args:
        model: any TransformerBridge, HookedRootModule or object with `cfg`, `run_with_cache`, `state_dict`
            and `load_state_dict`. It is looked at, never changed; the global random state is not used.
        task: what it is trained on.
        into: a new folder for the run.
        keep: which steps to keep, `Every(100)` by default; the first and the last are kept in any case.
        train_index: the inputs trained on, as indices or as a boolean mask over the task's inputs. None when
            the split is not known: losses and accuracies are then not recorded.

    On entry step 0 is kept; call `step(k)` after update k. At each kept step the loss (float64 cross-entropy
    at the answer) and the accuracy are recorded on train and held-out inputs. On exit the last step that was
    reported is kept, also when the loop raises: the run is then marked as unfinished and the error goes on.

    Raises `BadArgument` for a model that cannot be recorded or does not fit the task, a folder that holds a
    run, an unusable `train_index`, or steps that do not increase; `DamagedRun` when the disk refuses.

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
    ) -> None:
        _check_recordable(model)
        check_task(task)
        self._model = model
        self._task = task
        self._path = as_path(into, "a new folder for the run")
        self._keep = Every(100) if keep is None else keep
        self._train_index = None if train_index is None else split_index(train_index, len(task.labels))
        self._writer: RunWriter | None = None
        self._template: Any = None
        self._last = 0
        self._weights: dict[str, Tensor] = {}
        if not isinstance(self._keep, Keep):
            raise BadArgument(
                f"keep is {described(keep)}; give a schedule such as gl.Every(100) or gl.Steps([10, 100])."
            )
        self._keep.keeps(1)  # a LogSpaced that does not know the end says so now

    def __enter__(self) -> Recorder:
        """Start the run and keep step 0."""
        _refuse_existing(self._path)
        self._template = _copy_of(self._model)
        with at_rest(self._model):
            Snapshot(self._model, self._task).logits  # noqa: B018 (raises where model and task do not fit)
        engine = "quick" if quick_applies(self._model) else "plain"
        header = Header(
            task=self._task,
            model=describe_model(self._model),
            train_index=None if self._train_index is None else self._train_index.tolist(),
            environment=environment(engine, _device_name(self._model)),
        )
        self._writer = RunWriter(self._path, header)
        self._record(0, self._model, {})
        return self

    def step(self, step: int, loss: float | Tensor | None = None) -> None:
        """Report that the model is now what `step` updates made of it; it is stored if `keep` says so.

        `loss`, when given, is recorded as this step's train loss; kept steps would else have one evaluated.
        Raises `BadArgument` outside the `with` block and unless steps increase from 1 on.
        """
        self._open_writer()
        step = whole_number("step", step)
        if step <= self._last:
            after = "step 0 was kept on entry" if self._last == 0 else f"step {self._last} came before"
            raise BadArgument(
                f"step is {step}, but {after}; report the number of updates made so far, each once, rising."
            )
        self._last = step
        own = {} if loss is None else {"train_loss": _number(loss)}
        if self._keep.keeps(step):
            self._record(step, self._model, own)
            return
        # Whatever the loop does next, the last step reported can be kept as it was.
        self._weights = _weights(self._model, clone=True)
        if own:
            self._open_writer().history.record(step, **own)

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
            warnings.warn(f"The recorder could not keep step {self._last}: {own}", stacklevel=2)

    @property
    def run(self) -> Run:
        """The run: all that is kept so far inside the `with` block, everything after it."""
        if self._template is None or not RunPaths(self._path).header.exists():
            raise BadArgument(
                "Nothing is recorded yet; use `with gl.Recorder(...) as rec:` and then rec.run."
            )
        if self._writer is not None:
            self._writer.history.flush()
        return Run(self._path, model=self._template)

    def _close(self, *, finished: bool) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if self._weights:
            model = copy.deepcopy(self._template)
            model.load_state_dict(self._weights)
            self._record(self._last, model, {}, writer)
        if finished:
            writer.finish()
        else:
            writer.history.flush()

    def _record(self, step: int, model: Any, own: dict[str, float], writer: RunWriter | None = None) -> None:
        """Evaluate and keep `model` as step `step`."""
        writer = writer or self._open_writer()
        row = {**self._evaluate(model), **writer.history.rows.get(step, {}), **own}
        writer.keep(step, _weights(model))
        if row:
            writer.history.record(step, **row)
        writer.history.flush()
        self._weights = {}

    def _evaluate(self, model: Any) -> dict[str, float]:
        """Loss and accuracy on train and held-out inputs; nothing without a split or finite logits."""
        snapshot = Snapshot(model, self._task, train_index=self._train_index)
        splits = {"train": snapshot.train_index, "test": snapshot.test_index}
        truth = {"train": self._task.targets, "test": self._task.labels}
        row: dict[str, float] = {}
        with at_rest(model):
            for name, index in splits.items():
                if index is None or not len(index):
                    continue
                try:
                    logits, labels = snapshot.logits[index], truth[name][index]
                except BadArgument:
                    return {}  # the model has diverged: the loop's business, and its weights are still kept
                row[f"{name}_loss"] = float(cross_entropy_each(logits, labels).mean())
                row[f"{name}_accuracy"] = accuracy(logits, labels)
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


def _copy_of(model: Any) -> Any:
    """A copy that checkpoints are loaded into: no gradients, in evaluation mode."""
    try:
        template = copy.deepcopy(model)
    except Exception as error:  # deepcopy raises whatever an attribute raises
        raise GroklensError(
            f"A {type(model).__name__} cannot be copied ({error}), and rec.run opens checkpoints in a copy. "
            "Keep no activations with gradients, open files or locks on the model."
        ) from error
    for clear in ("zero_grad", "eval"):
        getattr(template, clear, lambda: None)()
    return template


def _weights(model: Any, *, clone: bool = False) -> dict[str, Tensor]:
    state = {name: value.detach() for name, value in model.state_dict().items() if isinstance(value, Tensor)}
    return {name: value.clone() for name, value in state.items()} if clone else state


def _number(loss: float | Tensor) -> float:
    return float(loss.detach()) if isinstance(loss, Tensor) else float(loss)


def _device_name(model: Any) -> str:
    parameters = getattr(model, "parameters", None)
    first = next(iter(parameters()), None) if parameters else None
    return "cpu" if first is None else str(first.device)
