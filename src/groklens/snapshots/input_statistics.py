"""Sufficient statistics of a snapshot from one pass over its inputs, from which losses and measures are computed."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.harmonics import GridPower
from groklens.memory import BUDGETS
from groklens.models import Workspace, cross_entropy_each
from groklens.snapshots.blocks import Block
from groklens.snapshots.snapshot import Snapshot

#: Logits of some train inputs, and which inputs these are.
TrainRows = tuple[Int[Tensor, "row"], Float[Tensor, "row *read answer"]]


class InputStatistics:
    """Sufficient statistics of logits and neurons, from one pass over the inputs in blocks.

    Numbers by input, sums by answer and energies, in float64; no array of inputs × classes or × neurons. Only
    the logits of the train inputs are kept besides, as the model gives them, where they take no more than half of
    what a snapshot may remember: what is taken from them depends on a circuit. Without a symmetry there are losses
    and nothing else. Where a task is answered at several positions, the loss of an input is the mean over them, and
    `correct` the share of them that is answered correctly.

    `losses` are cross-entropies over the task's classes, in nats; `correct` says whether the largest logit of all the
    model's classes is the label's, and `outside` whether it is none of the task's. `sums` adds up
    the logits of the inputs with each answer x∘y. `energy` is the sum of squares of the logits centred over
    the group's classes, `energy_about_mean` that of logits centred by one scalar. `neurons` holds the power
    of the last MLP's neurons by component, None for a model without.
    """

    losses: Float[Tensor, "input"]
    outside: Bool[Tensor, "input *read"]
    correct: Bool[Tensor, "input"] | Float[Tensor, "input"]
    sums: Float[Tensor, "element answer"]
    energy: float
    neurons: GridPower | None

    def __init__(self, snapshot: Snapshot, symmetry: Symmetry | None) -> None:
        task = snapshot.task
        self._labels, self._symmetry = task.labels, symmetry
        n_inputs, n = len(task.labels), 0 if symmetry is None else symmetry.group.order
        self.losses = torch.empty(n_inputs, dtype=torch.float64)
        self.correct = torch.empty(n_inputs, dtype=torch.float64 if task.labels.ndim > 1 else torch.bool)
        self.outside = torch.empty(task.labels.shape, dtype=torch.bool)
        self.sums = torch.zeros(n, task.d_vocab_out, dtype=torch.float64)
        self.energy, self.neurons = 0.0, None
        self._means = torch.empty(n_inputs, dtype=torch.float64)  # over the group's classes
        n_train = 0 if snapshot.train_index is None else len(snapshot.train_index)
        keeps = 2 * 4 * n_train * task.d_vocab_out <= BUDGETS.remembered
        self._train: list[TrainRows] | None = [] if keeps else None
        self._workspace = Workspace()
        for block in snapshot.blocks():
            self._add(block)
            if self._train is not None:
                self._train.append(_train_rows(snapshot, block))
        del self._workspace

    @property
    def energy_about_mean(self) -> float:
        """Σ (logit − mean logit)² over the inputs and the group's classes."""
        return self.energy + self.sums.shape[0] * float((self._means - self._means.mean()).square().sum())

    def train_rows(self, snapshot: Snapshot) -> Iterator[TrainRows]:
        """The logits of the train inputs in blocks, kept from the pass or recomputed."""
        if self._train is not None:
            return iter(self._train)
        return (_train_rows(snapshot, block) for block in snapshot.blocks())

    def _add(self, block: Block) -> None:
        labels = self._labels[block.rows]
        self._workspace.start()
        judged = judged_each(block.logits, labels, block.outside, self._workspace)
        self.losses[block.rows], self.correct[block.rows] = judged
        self.outside[block.rows] = block.outside
        if self._symmetry is None:
            return
        logits = self._workspace.like(block.logits, block.logits.shape[1], torch.float64).copy_(block.logits)
        self.sums.index_add_(0, self._symmetry.products[block.rows], logits)
        of_group = logits[:, : len(self.sums)]
        means = self._means[block.rows] = of_group.mean(dim=1)
        self.energy += float(of_group.sub_(means[:, None]).square_().sum())
        if block.neurons is not None:
            if self.neurons is None:
                self.neurons = GridPower(self._symmetry, block.neurons.shape[1])
            self.neurons.add(block.rows, block.neurons)


def judged_each(
    logits: Float[Tensor, "row *read answer"],
    labels: Int[Tensor, "row *read"],
    outside: Bool[Tensor, "row *read"],
    workspace: Workspace | None = None,
) -> tuple[Float[Tensor, "row"], Bool[Tensor, "row"] | Float[Tensor, "row"]]:
    """Each input's loss, in nats, and whether it is correct; of several reads the mean loss, and the share correct."""
    losses, correct = (
        cross_entropy_each(logits, labels, workspace),
        (logits.argmax(dim=-1) == labels) & ~outside,
    )
    if labels.ndim == 1:
        return losses, correct
    return losses.mean(dim=1), correct.double().mean(dim=1)


def _train_rows(snapshot: Snapshot, block: Block) -> TrainRows:
    index = snapshot.train_index
    if index is None:
        return torch.zeros(0, dtype=torch.long), block.logits[:0]
    index = index[(index >= block.rows.start) & (index < block.rows.stop)]
    return index, block.logits.index_select(0, index - block.rows.start)
