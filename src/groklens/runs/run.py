"""`gl.Run`: the read-only handle on the checkpoints of a training run, whoever wrote them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, UnknownName, described, shown, whole_number
from groklens.models import Answer, answered
from groklens.recipes import Recipe
from groklens.runs.in_memory import InMemory, by_step, check_sizes
from groklens.runs.source import Source
from groklens.runs.steps import STEP_UNKNOWN, kept_step, kept_steps
from groklens.runs.stored import Stored
from groklens.runs.user_split import user_split
from groklens.snapshots import Snapshot, TrainIndex, split_index
from groklens.tasks import Task, check_task


class Run:
    """A training run: its task and checkpoints, recipe and losses where known. Step k is the model after k updates.

    Made by `train`, `Recorder.run` and `load`; `Run.of` makes one of models in memory. Opening a run of ours reads
    its header only; `at(step)` reads a checkpoint, `history` the losses.

    Every run has every attribute. What is not known is None (`recipe`, `parent`, `finished`, `train_index`,
    `train_share`, `path`), or empty (`history`, `known`, `environment`, `unguarded`; `model` where no model was kept).
    """

    _source: Source
    _told: Int[Tensor, "train"] | None

    def __init__(self, path: str | Path, *, model: Any = None) -> None:
        """Open the run in folder `path`; `model` receives its weights where groklens cannot build one."""
        self._source, self._told = Stored(path, model), None

    @classmethod
    def of(
        cls,
        models: Mapping[int, Any],
        task: Task | None = None,
        *,
        train_index: TrainIndex | None = None,
        answer: Answer | None = None,
        name: str | None = None,
    ) -> Run:
        """A run of models in memory by step: `gl.Run.of({0: model0, 100: model1}, task)`.

        Args:
            models: the model after each number of updates, all of one shape; one alone is `{100: model}`.
                None is copied.
            task: what they were trained on.
            train_index: the inputs trained on, as indices or as a mask; None where the split is not known.
            answer: where the logits are in what the models give (`answer=lambda output: output[0]`).
            name: what the run is called; the class of the last model when not given.

        Raises `BadArgument` for what is no mapping of steps to models, no task, or no split of it, and for a model
        that does not take the task's inputs or lacks some of its classes.

        >>> Run.of({0: model0, 100: model1}, task).steps  # doctest: +SKIP
        [0, 100]
        """
        found = by_step(models)
        if task is None:
            raise BadArgument(
                "The models come with no task; say what they were trained on: "
                "gl.Run.of({0: model0, 100: model1}, gl.ModularArithmetic(113, 'add'))."
            )
        check_task(task)
        if name is not None and not isinstance(name, str):
            raise BadArgument(f"name is {described(name)}; give text, such as name='mine'.")
        index = None if train_index is None else split_index(train_index, len(task.labels))
        answering = {step: answered(model, answer) for step, model in found.items()}
        check_sizes(answering, task)
        return cls.over(InMemory(answering, task, index, name))

    @classmethod
    def over(cls, source: Source) -> Run:
        """A run over a source, such as what a reader found."""
        run = cls.__new__(cls)
        run._source, run._told = source, None
        return run

    def __repr__(self) -> str:
        steps = f"{len(self.steps)} steps to {self.steps[-1]}" if len(self.steps) > 1 else "no steps"
        if len(self.steps) == 1:
            steps = f"step {self.steps[0]} alone" if self.step_known else STEP_UNKNOWN
        alone = f", numbers alone of {len(self.measured)} more" if self.measured else ""
        come = (
            []
            if self.parent is None
            else [f"from step {self.parent['step']:,} of {shown(self.parent['run'])}"]
        )
        said = [
            self._source.learned,
            *come,
            *([self.format] if self.format != "groklens" else []),
            steps + alone,
        ]
        state = ", unfinished" if self.finished is False else ""
        state = f", stopped by {shown(self.stopped_by)}" if self.stopped_by else state
        return f"Run({shown(self.name)}: {', '.join(said)}{state})"

    @property
    def name(self) -> str:
        """The name of the run's folder or file, or of the class of a model in memory."""
        return self._source.name

    @property
    def origin(self) -> Run:
        """The run that its only snapshot was taken from, where it is one step of another; else the run itself."""
        found: Run | None = self._source.taken_from
        if found is None:
            return self
        return found if self._told is None else found.with_split(self._told)

    @property
    def path(self) -> Path | None:
        """The folder of a run that groklens wrote."""
        return self._source.path

    @property
    def task(self) -> Task:
        """The task that was learned."""
        return self._source.task

    @property
    def recipe(self) -> Recipe | None:
        """The recipe, where groklens trained the run; None otherwise."""
        return self._source.recipe

    @property
    def model(self) -> dict[str, Any]:
        """The model's class and configuration."""
        return self._source.model

    @property
    def models(self) -> Mapping[int, Callable[[], Any]]:
        """A function for each kept step that gives the model there."""
        return self._source.models

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, threads, device and engine that the bits depend on."""
        return self._source.environment

    @property
    def parent(self) -> dict[str, Any] | None:
        """The run that this one goes on from, with its `recipe` and the `step`; None of one that began by itself.

        `changed` has what a fork changed there: the parent's values by the names of fields, `"new"` of weights, the
        optimiser's state or the order of batches. `parent` has what the parent goes on from in its turn.
        Of a run that was extended (`gl.extend`) the kept steps and the history before that step are its parent's; a
        fork (`gl.fork`) begins there.
        """
        return self._source.parent

    @property
    def finished(self) -> bool | None:
        """Whether training reached its last step."""
        return self._source.finished

    @property
    def stopped_by(self) -> str | None:
        """The rule that stopped the training at the last kept step, before its recipe's end; None where none did."""
        return self._source.stopped_by

    @property
    def format(self) -> str:
        """The format of the files: `groklens`, the name of a reader, or `memory` for models in memory."""
        return self._source.format

    @property
    def known(self) -> dict[str, Any]:
        """What files of other formats say of the training; our own runs have a `recipe`."""
        return self._source.known

    @property
    def steps(self) -> list[int]:
        """The kept steps, ascending."""
        return list(self._source.steps)

    @property
    def step_known(self) -> bool:
        """Whether the steps are those of the training; a lone model of which nobody says the step stands at 0."""
        return self._source.step_known

    @property
    def measured(self) -> list[int]:
        """Steps of which this copy of the run has the numbers alone, ascending: their weights were left out.

        `gl.track` and `gl.explain` of the whole run have their rows beside those of `steps`, where they are of the same
        measures and circuit. Empty of a run that has all that it kept.
        """
        return list(self._source.measured)

    @property
    def train_index(self) -> Int[Tensor, "train"] | None:
        """The inputs trained on, or None where the split is not known."""
        return self._source.train_index if self._told is None else self._told

    @property
    def train_share(self) -> float | None:
        """The share of inputs trained on, where the files do not give the split itself."""
        return self._source.train_share

    @property
    def history(self) -> xr.Dataset:
        """Losses and accuracies by step, nan where not evaluated; each loss has its units.

        Cross-entropy is in nats. `reported_loss` is there where a user's own loop reported one. Raises
        `DamagedRun` where the file is not what was written.
        """
        return self._source.history

    @property
    def unguarded(self) -> tuple[str, ...]:
        """The files that no checksum guards: none in a run of this version, some in one that groklens 0.1 wrote.

        What is listed would not be noticed if it were changed on the disk. Training such a run to its end, or
        finishing a recording, brings all of it under a checksum. Of other formats nothing is under one, nor listed.
        """
        return self._source.unguarded

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates; `UnknownName` where that step was not kept."""
        if not self.step_known and whole_number("step", step, such_as=0) not in self.steps:
            raise UnknownName(
                f"Run {self.name} is one model, of which nobody says the step; it is run.final."
            )
        number = kept_step(f"Run {self.name}", self._source.steps, step)
        snapshot = self._source.snapshot(number)
        if self._told is not None:
            snapshot = Snapshot(snapshot.anatomy.model, snapshot.task, snapshot.step, self._told)
        snapshot.taken_from = snapshot.taken_from or self.origin
        return snapshot

    def nearest(self, step: int) -> Snapshot:
        """The snapshot at the kept step nearest to `step`."""
        number = whole_number("step", step)
        return self.at(min(kept_steps(self), key=lambda kept: abs(kept - number)))

    @property
    def final(self) -> Snapshot:
        """The snapshot at the last kept step."""
        return self.at(kept_steps(self)[-1])

    def with_split(self, train_index: TrainIndex | None) -> Run:
        """The run with the train/test split that the user gives; the run itself where none is given or it is its own.

        `train_index` are the inputs trained on, as indices or as a mask. Raises `BadArgument` for what is no split of
        the task, or for another one than the run's own.

        >>> run.with_split(None) is run  # doctest: +SKIP
        True
        """
        told = None if train_index is None else user_split(self, train_index)
        if told is None:
            return self
        run = copy.copy(self)
        run._told = told
        return run

    def verify(self) -> None:
        """Check every file against its checksum; `DamagedRun` names those that fail and those that load.

        Raises `BadArgument` for a run of another format, which has none.
        """
        self._source.verify()
