"""What a callback and a stopping rule are told while `gl.train` trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from groklens.models import build_model
from groklens.recipes import Recipe
from groklens.runs import Row, Run
from groklens.snapshots import Snapshot


@dataclass(frozen=True)
class Evaluated:
    """A step of a training at which the model was evaluated: its number, its losses, and the model on demand.

    `row` has train loss, and test loss and accuracies where there are such inputs, by the names of `run.history`;
    `history` the row of every step up to this one, after an interruption too. `snapshot` is built when it is first
    asked for, from a copy of the weights. `run` is what is kept so far, on the disk.

    >>> gl.train(recipe, into="runs/mine", on_evaluate=lambda now: print(now.step, now.row))  # doctest: +SKIP
    """

    step: int
    row: Row
    history: Mapping[int, Row]
    recipe: Recipe
    folder: Path
    _weights: Callable[[], Mapping[str, Any]] = field(repr=False, compare=False)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The model of this step, on the recipe's task and split."""
        recipe = self.recipe
        model = build_model(recipe.model, recipe.task, recipe.seed)
        model.load_state_dict({name: value.detach().cpu().clone() for name, value in self._weights().items()})
        split = None if recipe.task.is_stream else recipe.task.split(recipe.train_fraction, recipe.seed)[0]
        return Snapshot(model.eval(), recipe.task, self.step, split, split_recorded=True)

    @property
    def run(self) -> Run:
        """The run so far: every step kept up to this one, whole."""
        return Run(self.folder)
