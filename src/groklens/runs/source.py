"""`Source`: the contract behind every `Run`, giving models by step and the facts known of a training run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.models import describe_model, own_model
from groklens.recipes import Recipe
from groklens.snapshots import Snapshot
from groklens.tasks import Task


class Source:
    """Models of one training run by step, and the facts known of it.

    It has a name, a task, its kept steps (ascending) and the model at each (`model_at`). Of the rest, what is not
    known is None (recipe, finished, split, folder), or empty (history, `known`, environment, `unguarded`).
    """

    name: str
    task: Task
    steps: list[int]
    #: Kept steps of which the numbers alone are here, and the weights elsewhere.
    measured: Sequence[int] = ()
    #: What wrote it: "groklens", the name of a reader, or "memory" for what was never on a disk of ours.
    format: str = "memory"
    #: The folder, of a run of ours.
    path: Path | None = None
    recipe: Recipe | None = None
    finished: bool | None = None
    #: The rule that stopped the training before the end of its recipe, in words.
    stopped_by: str | None = None
    #: Whether a lone model's step is known: where nobody says it, it stands at 0, which it is not called.
    step_known: bool = True
    #: The share of inputs trained on, where no more is known of the split.
    train_share: float | None = None
    #: Whether training itself wrote the split down, which is not to be doubted then.
    split_recorded: bool = False
    #: What no checksum guards, of a run of ours; nothing of others is under one.
    unguarded: tuple[str, ...] = ()
    #: The run that a lone snapshot was taken from.
    taken_from: Any = None
    #: The run that this one goes on from, where it was extended or forked.
    parent: dict[str, Any] | None = None

    @property
    def learned(self) -> str:
        """The task that was learned, in a few words."""
        return self.task.name

    @cached_property
    def train_index(self) -> Int[Tensor, "train"] | None:
        """The inputs trained on."""
        return None

    @cached_property
    def history(self) -> xr.Dataset:
        """Losses and accuracies by step."""
        return xr.Dataset()

    @cached_property
    def known(self) -> dict[str, Any]:
        """What files of other formats say of the training, as they say it."""
        return {}

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions and devices that the bits depend on."""
        return {}

    @cached_property
    def model(self) -> dict[str, Any]:
        """The class and configuration of the last model; nothing where no model was kept."""
        return describe_model(own_model(self.model_at(self.steps[-1]))) if self.steps else {}

    @cached_property
    def models(self) -> Mapping[int, Callable[[], Any]]:
        """A function for each kept step that gives the model there."""
        return {step: partial(self.model_at, step) for step in self.steps}

    def model_at(self, step: int) -> Any:
        """The model after `step` updates, which is one of `steps`."""
        raise NotImplementedError

    def looked_at(self, step: int) -> Any:
        """The model after `step` updates as a snapshot takes it, which may be built later."""
        return self.model_at(step)

    def snapshot(self, step: int) -> Snapshot:
        """The snapshot after `step` updates, which is one of `steps`; its step is None where that is not known."""
        said, split = step if self.step_known else None, (self.train_index, self.train_share)
        return Snapshot(self.looked_at(step), self.task, said, *split, split_recorded=self.split_recorded)

    def verify(self) -> None:
        """Check every file against its checksum; `BadArgument` for a source without checksums."""
        raise BadArgument(f"{self.name} is of the format {self.format}, which has no checksums to verify.")
