"""Losses and correctness of a snapshot's inputs on each side of its split, and the classes they are judged by.

Train inputs are judged by their targets, which is what the model was trained towards; test inputs, and all inputs
together, by their labels, which are correct. The two differ where labels are corrupted.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.models import accuracy
from groklens.snapshots.input_statistics import judged_each
from groklens.snapshots.memo import once_per_snapshot
from groklens.snapshots.snapshot import Snapshot
from groklens.snapshots.statistics import input_statistics
from groklens.tasks import Task

Split = Literal["train", "test", "all"]


class Scores(NamedTuple):
    """Cross-entropy of some inputs over the task's classes, in nats, and whether each input is answered correctly.

    An input whose largest logit is no class of the task's is not correct. Where a task is answered at several
    positions, the loss of an input is the mean over them, and `correct` the share of them that is answered correctly.
    """

    losses: Float[Tensor, "input"]
    correct: Bool[Tensor, "input"] | Float[Tensor, "input"]

    @property
    def loss(self) -> float:
        """Mean cross-entropy, in nats; nan for no inputs."""
        return float(self.losses.mean())

    @property
    def accuracy(self) -> float:
        """Share that is correct, in [0, 1]; nan for no inputs."""
        return float(self.correct.double().mean())


def judged_by(task: Task, split: Split) -> Int[Tensor, "input"]:
    """The class by which every input is judged on this side of the split: targets on train, labels elsewhere.

    Of a task that is answered at several positions, that at the last.
    """
    found = task.targets if split == "train" else task.labels
    return found[:, -1] if found.ndim > 1 else found


def judged_on_its_side(
    task: Task, train_index: Int[Tensor, "train"]
) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
    """The class by which every input is judged on its own side of the split, by read where there are several."""
    return task.labels.index_copy(0, train_index, task.targets[train_index])


def scores(snapshot: Snapshot, split: Split) -> Scores:
    """Losses and correctness of the train inputs, the test inputs or all inputs.

    Raises `TypeError` for a side of a split that is not known.
    """
    if split == "train":
        return _train_scores(snapshot)
    known = input_statistics(snapshot, snapshot.task.symmetry)
    every = Scores(known.losses, known.correct)
    return every if split == "all" else Scores(*(each[snapshot.test_index] for each in every))


def scores_if(snapshot: Snapshot, logits: Float[Tensor, "input answer"], split: Split) -> Scores:
    """`scores` if the task's logits were these; answers outside the task's classes stay wrong."""
    losses, correct = judged_each(logits.double(), judged_by(snapshot.task, split), snapshot.outside)
    index = {"train": snapshot.train_index, "test": snapshot.test_index, "all": None}[split]
    return Scores(losses, correct) if index is None else Scores(losses[index], correct[index])


def correct_by_labels(
    snapshot: Snapshot, index: Int[Tensor, "some"] | None
) -> Bool[Tensor, "some"] | Float[Tensor, "some"]:
    """Whether each of some inputs is answered with its label."""
    return scores(snapshot, "all").correct[index]


def correct_by_targets(snapshot: Snapshot) -> Bool[Tensor, "input"] | Float[Tensor, "input"]:
    """Whether each input is answered with its target, as by a model that memorised it."""
    if not snapshot.task.is_corrupted:
        return scores(snapshot, "all").correct
    return (snapshot.logits.argmax(dim=1) == judged_by(snapshot.task, "train")) & ~snapshot.outside


def accuracy_if(snapshot: Snapshot, logits: Float[Tensor, "input answer"]) -> float:
    """Accuracy over all inputs if the task's logits were these; answers outside the task's classes stay wrong."""
    return accuracy(logits, judged_by(snapshot.task, "all"), snapshot.outside)


def accuracy_if_by_answer(
    snapshot: Snapshot, logits: Float[Tensor, "element answer"], symmetry: Symmetry
) -> float:
    """`accuracy_if` of logits that depend on the answer x∘y alone, of which there is a row for each."""
    correct = logits.argmax(dim=1)[symmetry.products] == judged_by(snapshot.task, "all")
    return float((correct & ~snapshot.outside).double().mean())


@once_per_snapshot
def _train_scores(snapshot: Snapshot) -> Scores:
    task, known = snapshot.task, input_statistics(snapshot, snapshot.task.symmetry)
    if not task.is_corrupted:
        return Scores(known.losses[snapshot.train_index], known.correct[snapshot.train_index])
    losses, correct = [], []
    for rows, logits in known.train_rows(snapshot):
        each = judged_each(logits, task.targets[rows], known.outside[rows])
        losses.append(each[0])
        correct.append(each[1])
    return Scores(torch.cat(losses), torch.cat(correct))
