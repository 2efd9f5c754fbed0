"""What of a task a signal may see: the train examples alone, all examples without their group, or the task itself."""

from __future__ import annotations

from typing import Any

import torch

from groklens.forecasts.signal import Sees
from groklens.snapshots import Snapshot
from groklens.tasks import TableTask, Task


def seen_as(snapshot: Snapshot, sees: Sees) -> Snapshot:
    """The snapshot on the examples that may be seen, its model the same.

    Of `"train_only"` its task is the train examples with the targets that they were trained towards, all of them train
    examples; of `"held_out"` a table of all examples with its split, which has no group.
    """
    if sees == "oracle":
        return snapshot
    index, task = snapshot.train_index, snapshot.task
    assert index is not None  # the trajectory has seen to it
    if sees == "train_only":
        known = _table(task, task.inputs[index], task.targets[index])
        return Snapshot(snapshot.model, known, snapshot.step, torch.arange(len(index)), split_recorded=True)
    every = _table(task, task.inputs, task.labels)
    return Snapshot(snapshot.model, every, snapshot.step, index, split_recorded=True)


def _table(task: Task, inputs: Any, labels: Any) -> TableTask:
    return TableTask(
        inputs,
        labels,
        reads=task.reads,
        d_vocab=task.d_vocab,
        d_vocab_out=task.d_vocab_out,
        name=f"examples of {task.name}",
    )
