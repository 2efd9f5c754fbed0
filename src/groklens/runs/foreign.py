"""`ForeignFiles`: a training run in another program's files, as a reader found it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.runs.run import Run
from groklens.runs.source import Source
from groklens.tasks import Task

#: The entry of `known` that holds what neither the files nor the user said.
TAKEN = "taken for granted"


@dataclass(eq=False)
class ForeignFiles(Source):
    """A training run in another program's files: its models by step and what the files say of it."""

    name: str
    task: Task
    models: Mapping[int, Callable[[], Any]]
    format: str
    known: dict[str, Any]
    history: xr.Dataset
    train_index: Int[Tensor, "train"] | None
    train_share: float | None
    step_known: bool = True
    steps: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = sorted(self.models)

    @property
    def learned(self) -> str:
        """The task's name, or a statement that no file names it and what stands in for it."""
        taken = self.known.get(TAKEN)
        untold = isinstance(taken, dict) and "task" in taken and not self.models
        return "of a task that its file does not say" if untold else self.task.name

    def model_at(self, step: int) -> Any:
        model = self.models[step]()
        for parameter in model.parameters() if hasattr(model, "parameters") else ():
            parameter.requires_grad_(parameter.is_floating_point())
        return model


def foreign_run(
    name: str,
    task: Task,
    models: Mapping[int, Callable[[], Any]],
    format: str,
    train_index: Int[Tensor, "train"] | None = None,
    known: dict[str, Any] | None = None,
    history: xr.Dataset | None = None,
    train_share: float | None = None,
    step_known: bool = True,
) -> Run:
    """The `Run` over what a reader found.

    `models` maps each step to a function that builds the model there; a single model is a run of one step. `known`
    holds what the files say of how it was trained, as they say it; `train_share` the share of inputs trained on,
    where they say no more of the split; `step_known` whether they say the step of a single model, which is at 0 else.

    >>> foreign_run("mine", task, {100: build}, "my_format")  # doctest: +SKIP
    Run(mine: a+b mod 113, my_format, step 100 alone)
    """
    split, history = (train_index, train_share), xr.Dataset() if history is None else history
    return Run.over(ForeignFiles(name, task, models, format, known or {}, history, *split, step_known))
