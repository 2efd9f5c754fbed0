"""A run: the read-only handle on a training run and its checkpoints."""

from __future__ import annotations

import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, whole_number
from groklens.models import own_model, rebuild_model
from groklens.recipes import Recipe
from groklens.runs.files import read_tensors
from groklens.runs.given import kept_steps
from groklens.runs.header import Header
from groklens.runs.history import COLUMNS, REPORTED, read_history
from groklens.runs.paths import RunPaths
from groklens.runs.steps import kept_step
from groklens.snapshots import Snapshot
from groklens.tasks import Task


class Run:
    """A training run on disk: recipe, loss history and checkpoints; step k is the model after k updates.

    Made by `train`, `Recorder.run` and `load`. Opening one reads its header only; `at(step)` reads a
    checkpoint, `history` the losses.
    """

    def __init__(self, path: str | Path, *, model: Any = None) -> None:
        """Open the run in folder `path`; `model` receives its weights where groklens cannot build one."""
        self.path = Path(path).expanduser()
        self._paths = RunPaths(self.path)
        self._header = Header.read(self._paths.header)
        self._template = model
        if model is not None and self.model.get("answered") and own_model(model) is model:
            raise BadArgument(
                f"{self.name} was recorded with answer=, by which its logits were found; say it again: "
                "gl.load(path, model=MyModel(...), answer=...)."
            )

    def __repr__(self) -> str:
        state = "" if self.finished else ", unfinished"
        steps = f"{len(self.steps)} steps to {self.steps[-1]}" if self.steps else "no steps"
        return f"Run({self.path.name}: {self.task.name}, {steps}{state})"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def task(self) -> Task:
        """What was learned."""
        return self._header.task

    @property
    def recipe(self) -> Recipe | None:
        """How it was trained; None for a loop of the user's own."""
        return self._header.recipe

    @property
    def model(self) -> dict[str, Any]:
        """The model's class and configuration."""
        return self._header.model

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, threads, device and engine that the bits depend on."""
        return self._header.environment

    @property
    def finished(self) -> bool:
        """Whether training reached its last step."""
        return self._header.finished

    @property
    def format(self) -> str:
        """What wrote it: `groklens`."""
        return "groklens"

    @property
    def known(self) -> dict[str, Any]:
        """What files of other formats say of the training; ours say it in `recipe`."""
        return {}

    @property
    def steps(self) -> list[int]:
        """The steps that were kept, ascending."""
        return sorted(self._header.checkpoints)

    @cached_property
    def train_index(self) -> Int[Tensor, "train"] | None:
        """The inputs trained on, or None where the split is not known."""
        if self.task.is_stream:
            return None
        if self.recipe is not None:
            return self.task.split(self.recipe.train_fraction, self.recipe.seed)[0]
        index = self._header.train_index
        return None if index is None else torch.tensor(index, dtype=torch.long)

    @cached_property
    def history(self) -> xr.Dataset:
        """Losses and accuracies by step, nan where not evaluated; each loss says its unit.

        Cross-entropy is in nats. `reported_loss` is there where a user's own loop reported one. Raises
        `DamagedRun` where the file is not what was written.
        """
        rows = read_history(self._paths.history, self._header.history, whole=self.finished)
        steps = sorted(rows)
        reported = any(REPORTED in row for row in rows.values())
        variables = {
            name: ("step", [rows[s].get(name, float("nan")) for s in steps], {"units": self._units(name)})
            for name in (*COLUMNS[1:], *([REPORTED] if reported else []))
        }
        return xr.Dataset(variables, coords={"step": steps})

    def _units(self, column: str) -> str:
        if column == REPORTED:
            return self._header.loss_units or "as reported"
        if not column.endswith("loss"):
            return "accuracy"
        return "nats" if self.recipe is None else self.recipe.loss_part.units

    @property
    def unguarded(self) -> tuple[str, ...]:
        """What no checksum guards: nothing of a run of this version, some of one that groklens 0.1 wrote.

        What is listed would not be noticed if it were changed on the disk. Training such a run to its end, or
        finishing a recording, brings all of it under a checksum.
        """
        if self._header.schema > 1:
            return () if self.finished else ("history.csv after the last kept step",)
        open_ended = () if self._header.history else ("history.csv",)
        of_recipe = ("the model's configuration",) if self.recipe else ("task", "model", "train_index")
        return (*of_recipe, "finished", "the numbers of the kept steps", "environment", *open_ended)

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates; `UnknownName` where that step was not kept."""
        step = kept_step(f"Run {self.name}", self._header.checkpoints, step)
        tensors = self._read(step)
        model = copy.deepcopy(self._blank)  # a bridge takes three times as long to build as to copy
        try:
            model.load_state_dict(tensors)
        except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
            said = " ".join(str(error).split())[:400]
            raise BadArgument(
                f"The weights of step {step} do not fit the model ({said}); give one built as the recorded one was: "
                "gl.load(path, model=MyModel(...))."
            ) from error
        if hasattr(model, "eval"):
            model.eval()  # dropout would make every look at it another
        recorded = self.recipe is not None  # a recipe says the split that `train` made
        return Snapshot(model, self.task, step, self.train_index, split_recorded=recorded)

    @cached_property
    def _blank(self) -> Any:
        """A model for the weights of any step."""
        if self._template is not None:
            return self._template
        if self.recipe is not None and self._header.schema == 1:  # whose description no checksum guards
            return self.recipe.model.build(self.task, self.recipe.seed)
        return rebuild_model(self.model)

    def nearest(self, step: int) -> Snapshot:
        """The snapshot at the kept step nearest to `step`."""
        number = whole_number("step", step)
        return self.at(min(kept_steps(self), key=lambda kept: abs(kept - number)))

    @property
    def final(self) -> Snapshot:
        """The snapshot at the last kept step."""
        return self.at(kept_steps(self)[-1])

    def verify(self) -> None:
        """Check every file against its checksum; `DamagedRun` names those that fail and those that load."""
        bad = [str(step) for step in self.steps if not self._reads(step)]
        if bad:
            good = [str(step) for step in self.steps if str(step) not in bad]
            raise DamagedRun(
                f"In {self.path}, the checkpoints of steps {', '.join(bad)} are missing or damaged; "
                f"{'steps ' + ', '.join(good) + ' still load' if good else 'none loads'}."
            )
        try:
            read_history(self._paths.history, self._header.history, whole=self.finished)
        except DamagedRun as error:
            raise DamagedRun(
                str(error).replace("the checkpoints beside it still load", "every checkpoint still loads")
            ) from error

    def _reads(self, step: int) -> bool:
        try:
            self._read(step)
        except DamagedRun:
            return False
        return True

    def _read(self, step: int) -> dict[str, Tensor]:
        return read_tensors(self._paths.checkpoint(step), self._header.checkpoints[step])
