"""A run whose files do not say what it was trained on, with what its user says of it."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.claims import percent
from groklens.errors import BadArgument
from groklens.runs.run_like import RunLike
from groklens.snapshots import Snapshot, TrainIndex, split_index
from groklens.tasks import Task


def with_split(run: RunLike, train_index: TrainIndex | None) -> Any:
    """The run with the split that its user knows: itself where that is its own, or where none is given.

    `train_index` are the inputs trained on, as indices or as a mask. Raises `BadArgument` for what is no split of the
    task, or for another one than the run's own.

    >>> with_split(run, None) is run  # doctest: +SKIP
    True
    """
    if train_index is None:
        return run
    index = split_index(train_index, len(run.task.labels))
    own = _own_split(run)
    share = getattr(run, "train_share", None)
    if share is not None and abs(share * len(run.task.labels) - len(index)) > 1:
        raise BadArgument(
            f"{run!r} says that {percent(share)} of its inputs were trained on, and train_index= names "
            f"{percent(len(index) / len(run.task.labels))}; give the split that it was trained on."
        )
    if own is None:
        return RunOfKnownSplit(run, index)
    if torch.equal(own, index):
        return run
    raise BadArgument(
        f"{run!r} says itself that it was trained on {len(own)} inputs, and train_index= names {len(index)} "
        f"({len(set(own.tolist()) & set(index.tolist()))} of them the same); leave train_index= out."
    )


def _own_split(run: RunLike) -> Int[Tensor, "train"] | None:
    if hasattr(run, "train_index"):
        return run.train_index
    return run.at(run.steps[-1]).train_index if run.steps else None


class RunOfKnownSplit:
    """A run in which every snapshot knows the inputs trained on; everything else is as the run has it."""

    def __init__(self, run: RunLike, train_index: Int[Tensor, "train"]) -> None:
        self._run: Any = run
        self.train_index = train_index

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_run":
            raise AttributeError(name)
        return getattr(self._run, name)

    def __repr__(self) -> str:
        return repr(self._run)

    @property
    def task(self) -> Task:
        """What was learned."""
        return self._run.task

    @property
    def steps(self) -> list[int]:
        """The steps that were kept, ascending."""
        return self._run.steps

    def at(self, step: int) -> Snapshot:
        """The snapshot after `step` updates, its split known."""
        return self._known(self._run.at(step))

    def nearest(self, step: int) -> Snapshot:
        """The snapshot at the kept step nearest to `step`."""
        return self._known(self._run.nearest(step))

    @property
    def final(self) -> Snapshot:
        """The snapshot at the last kept step."""
        return self._known(self._run.final)

    def _known(self, snapshot: Snapshot) -> Snapshot:
        return Snapshot(snapshot.model, snapshot.task, snapshot.step, self.train_index)
