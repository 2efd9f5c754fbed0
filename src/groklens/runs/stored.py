"""`Stored`: a run in a folder that groklens wrote, with header, history and checkpoints under checksums."""

from __future__ import annotations

import copy
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun
from groklens.models import build_model, checked_transformer, own_model, rebuild_model, unbuilt
from groklens.runs.files import read_tensors
from groklens.runs.header import Header
from groklens.runs.history import COLUMNS, REPORTED, read_history
from groklens.runs.paths import RunPaths
from groklens.runs.source import Source


class Stored(Source):
    """A run's source over a folder that groklens wrote; the header is read at once, all else when it is asked for."""

    format = "groklens"

    def __init__(self, path: str | Path, model: Any = None) -> None:
        self.path: Path = Path(path).expanduser().absolute()  # the process may move
        self._paths = RunPaths(self.path)
        self._header = header = Header.read(self._paths.header)
        self._template = model
        called = self.path if self.path.name not in ("", "..") else self.path.resolve()  # "." has a name too
        self.name, self.task, self.recipe = called.name, header.task, header.recipe
        self.finished, self.environment, self.model = header.finished, header.environment, header.model
        self.stopped_by = None if header.stopped is None else header.stopped.rule
        self.parent = header.parent
        self.measured = [step for step in sorted(header.checkpoints) if self._is_numbers_alone(step)]
        self.steps = sorted({*header.checkpoints} - {*self.measured})
        #: The SHA-256 of each kept step's weights.
        self.digests = dict(header.checkpoints)
        self.split_recorded = self.recipe is not None  # a recipe says the split that `train` made
        self.unguarded = _unguarded(header)
        if model is not None and self.model.get("answered") and own_model(model) is model:
            raise BadArgument(
                f"{self.name} was recorded with answer=, by which its logits were found; say it again: "
                "gl.load(path, model=MyModel(...), answer=...)."
            )
        if model is not None and self.model.get("hooked") and not hasattr(model, "run_with_cache"):
            raise BadArgument(
                f"{self.name} was recorded of a torch module that gl.hooked gave hooks; do so again: "
                "gl.load(path, model=gl.hooked(MyModel(...)))."
            )

    def _is_numbers_alone(self, step: int) -> bool:
        """Whether a step's weights were left out of this copy of the run, and the numbers taken of them were not."""
        return self._paths.row(step).is_file() and not self._paths.checkpoint(step).exists()

    @cached_property
    def train_index(self) -> Int[Tensor, "train"] | None:
        """The inputs trained on; None of a stream, which trains on others."""
        if self.task.is_stream:
            return None
        if self.recipe is not None:
            return self.task.split(self.recipe.train_fraction, self.recipe.seed)[0]
        index = self._header.train_index
        return None if index is None else torch.tensor(index, dtype=torch.long)

    @cached_property
    def history(self) -> xr.Dataset:
        """Losses and accuracies by step; `DamagedRun` where the file is not what was written."""
        rows = read_history(self._paths.history, self._header.history, whole=bool(self.finished))
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

    def model_at(self, step: int) -> Any:
        """The model with the weights of that checkpoint, in evaluation mode."""
        return self._filled(step, self._read(step))

    def looked_at(self, step: int) -> Any:
        """The model of that checkpoint, without a bridge where it is known how to compute without; else as it is."""
        tensors = self._read(step)
        found = self._plain and unbuilt(self._plain, tensors, partial(self._filled, step, tensors))
        if not found:
            return self._filled(step, tensors)
        freeze = self._freeze
        if freeze is not None:
            freeze(found.original_model)
        return found

    @cached_property
    def _plain(self) -> dict[str, Any] | None:
        """The description of a transformer that is known whole, checked; None of any other model."""
        described = self._template is None and self._header.schema > 1 and "config" in self.model
        if not described or self.model.get("kind") != "TransformerBridge" or not self.model["config"]:
            return None
        return checked_transformer(dict(self.model["config"]))

    @property
    def _freeze(self) -> Any:
        """What holds still, in a model of the recipe's, what it does not train; a description does not say it."""
        return getattr(getattr(self.recipe, "model", None), "freeze", None)

    def _filled(self, step: int, tensors: dict[str, Tensor]) -> Any:
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
        return model

    @cached_property
    def _blank(self) -> Any:
        """A model into which the weights of any step can be loaded."""
        if self._template is not None:
            return self._template
        if self.recipe is not None and self._header.schema == 1:  # whose description no checksum guards
            return self.recipe.model.build(self.task, self.recipe.seed)
        if self.recipe is not None and "config" not in self.model:  # of a user's own specification
            return build_model(self.recipe.model, self.task, self.recipe.seed)
        model = rebuild_model(self.model)
        if self._freeze is not None:
            self._freeze(model)
        return model

    def verify(self) -> None:
        """Check every file; `DamagedRun` names those that fail and those that load."""
        bad = [str(step) for step in self.steps if not self._reads(step)]
        if bad:
            good = [str(step) for step in self.steps if str(step) not in bad]
            raise DamagedRun(
                f"In {self.path}, the checkpoints of steps {', '.join(bad)} are missing or damaged; "
                f"{'steps ' + ', '.join(good) + ' still load' if good else 'none loads'}."
            )
        try:
            read_history(self._paths.history, self._header.history, whole=bool(self.finished))
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


def _unguarded(header: Header) -> tuple[str, ...]:
    """The files of a run of this schema that no checksum guards."""
    if header.schema > 1:
        return () if header.finished else ("history.csv after the last kept step",)
    open_ended = () if header.history else ("history.csv",)
    of_recipe = ("the model's configuration",) if header.recipe else ("task", "model", "train_index")
    return (*of_recipe, "finished", "the numbers of the kept steps", "environment", *open_ended)
