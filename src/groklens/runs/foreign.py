"""A run that something else wrote: the same handle, its checkpoints read by a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import whole_number
from groklens.models import describe_model
from groklens.runs.given import kept_steps
from groklens.runs.steps import kept_step
from groklens.snapshots import Snapshot
from groklens.tasks import Task

#: The entry of `known` that holds what neither the files nor the user said.
TAKEN = "taken for granted"


@dataclass(frozen=True, eq=False)
class ForeignRun:
    """Checkpoints of somebody else's training run; stands in for a `Run` wherever one is asked for.

    `models` maps each step to a function that builds the model there. `known` holds what its files say of how
    it was trained, as they say it. A single model is a run of one step.
    """

    name: str
    task: Task
    models: Mapping[int, Callable[[], Any]]
    format: str
    train_index: Int[Tensor, "train"] | None = None
    known: dict[str, Any] = field(default_factory=dict)
    history: xr.Dataset = field(default_factory=xr.Dataset)
    #: The share of inputs trained on, where the files say no more of the split.
    train_share: float | None = None

    def __repr__(self) -> str:
        untold = isinstance(self.known.get(TAKEN), dict) and "task" in self.known[TAKEN] and not self.models
        task = "of a task that its file does not say" if untold else self.task.name
        return f"ForeignRun({self.name}: {task}, {self.format}, {len(self.models)} steps)"

    @property
    def recipe(self) -> None:
        """None: only runs that groklens trained have one; `known` holds what the files say."""

    @property
    def finished(self) -> None:
        """None: the files do not say whether training reached its last step."""

    @property
    def environment(self) -> dict[str, Any]:
        """Nothing: the files do not say which versions and devices made them."""
        return {}

    @property
    def model(self) -> dict[str, Any]:
        """The class and configuration of the last model; nothing where the files hold none."""
        return describe_model(self.models[self.steps[-1]]()) if self.models else {}

    @property
    def steps(self) -> list[int]:
        """The steps that were kept, ascending."""
        return sorted(self.models)

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates; `UnknownName` where that step was not kept."""
        step = kept_step(f"Run {self.name}", self.models, step)
        model = self.models[step]()
        for parameter in model.parameters() if hasattr(model, "parameters") else ():
            parameter.requires_grad_(parameter.is_floating_point())
        return Snapshot(
            model, self.task, step=step, train_index=self.train_index, train_share=self.train_share
        )

    def nearest(self, step: int) -> Snapshot:
        """The snapshot at the kept step nearest to `step`."""
        number = whole_number("step", step)
        return self.at(min(kept_steps(self), key=lambda kept: abs(kept - number)))

    @property
    def final(self) -> Snapshot:
        """The snapshot at the last kept step."""
        return self.at(kept_steps(self)[-1])


def index_of(mask_or_index: Tensor, n_inputs: int) -> Int[Tensor, "train"]:
    """Sorted input indices from indices or a mask; `ValueError` for what is no index of `n_inputs` inputs.

    >>> index_of(torch.tensor([True, False, True]), 3).tolist()
    [0, 2]
    """
    if mask_or_index.dtype == torch.bool and mask_or_index.shape == (n_inputs,):
        return torch.nonzero(mask_or_index)[:, 0]
    if mask_or_index.ndim != 1 or mask_or_index.is_floating_point() or mask_or_index.dtype == torch.bool:
        raise ValueError(
            f"the inputs trained on are {tuple(mask_or_index.shape)} {mask_or_index.dtype}, no flat list"
        )
    index = mask_or_index.long().unique()
    if not len(index) or int(index[0]) < 0 or int(index[-1]) >= n_inputs:
        raise ValueError(f"the inputs trained on are not numbers from 0 to {n_inputs - 1}")
    return index
