"""`gl.Corrupted`: any task with a share of its train labels replaced by wrong ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_number
from groklens.groups import Symmetry
from groklens.tasks.task import Task, check_task
from groklens.value_checks import flag_fields


@dataclass(frozen=True, eq=False, repr=False)
class Corrupted(Task):
    """A task with a share of its targets replaced: the model is trained towards wrong classes there; labels stay true.

    `targets` hold the changed classes and `labels` the task's own, so train loss and accuracy say how well
    the given labels are memorised, and what is taken on test inputs or on all inputs is judged by the labels.
    `fraction` of the inputs, chosen and changed by `seed`, get another class than their own, uniformly. With
    `uniform`, the draw is among all classes, the correct one included: at fraction 1 these are the random
    labels of Zhang et al. (2017, arXiv:1611.03530), which say nothing of the task. Which of them are trained
    on is the split's choice, made independently.

    Raises `BadArgument` for a fraction outside [0, 1], a task of one class, or one that is corrupted already.

    >>> import groklens as gl
    >>> noisy = Corrupted(gl.ModularArithmetic(7, "add"), fraction=0.2, seed=0)
    >>> int((noisy.targets != noisy.labels).sum()), noisy.name
    (10, 'a+b mod 7, 20% of labels wrong')
    """

    task: Task
    fraction: float
    seed: int = 0
    uniform: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be corrupted, and speak of the operands as the task does."""
        check_task(self.task)
        flag_fields(self, "uniform")
        object.__setattr__(self, "seed", whole_number("seed", self.seed, such_as=0))
        if not is_number(self.fraction) or not 0 <= self.fraction <= 1:
            raise BadArgument(
                f"fraction is {described(self.fraction)}; give a share of the labels in [0, 1], such as 0.1."
            )
        if self.task.d_vocab_out < 2:
            raise BadArgument(f"{self.task.name} has one class, so no label can be wrong.")
        if isinstance(self.task, Corrupted):
            raise BadArgument(f"{self.task.name} is corrupted already; corrupt {self.task.task.name} once.")
        object.__setattr__(self, "fraction", float(self.fraction))  # 1 and 1.0: one specification
        object.__setattr__(self, "operand_names", self.task.operand_names)

    @property
    def name(self) -> str:
        """The task's name, such as `a+b mod 113, 10% of labels wrong`."""
        kind = "random" if self.uniform else "wrong"
        return f"{self.task.name}, {100 * self.fraction:.3g}% of labels {kind}"

    @property
    def inputs(self) -> Int[Tensor, "input pos"]:
        return self.task.inputs

    @property
    def labels(self) -> Int[Tensor, "input"]:
        return self.task.labels

    @cached_property
    def targets(self) -> Int[Tensor, "input"]:
        """The class that each input is trained towards: its label, or the class drawn in its place."""
        generator = torch.Generator().manual_seed(self.seed)
        n_inputs, n_classes = len(self.labels), self.d_vocab_out
        chosen = torch.randperm(n_inputs, generator=generator)[: round(self.fraction * n_inputs)]
        least = 0 if self.uniform else 1
        moved = torch.randint(least, n_classes, (len(chosen),), generator=generator)
        targets = self.labels.clone()
        targets[chosen] = (targets[chosen] + moved) % n_classes
        return targets

    @property
    def is_corrupted(self) -> bool:
        return True

    @property
    def is_wrong(self) -> Bool[Tensor, "input"]:
        """Whether each input's target differs from its label (input)."""
        return self.targets != self.labels

    @property
    def d_vocab(self) -> int:
        return self.task.d_vocab

    @property
    def d_vocab_out(self) -> int:
        return self.task.d_vocab_out

    @property
    def symmetry(self) -> Symmetry | None:
        return self.task.symmetry

    @property
    def grid(self) -> tuple[int, ...] | None:
        return self.task.grid

    @property
    def operand_positions(self) -> tuple[int, ...]:
        return self.task.operand_positions

    @property
    def token_names(self) -> list[str]:
        return self.task.token_names

    def split(self, train_fraction: float, seed: int) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
        return self.task.split(train_fraction, seed)

    def spec(self) -> dict[str, Any]:
        """The task's specification, with share, seed and kind of corruption."""
        return {
            "kind": "Corrupted",
            "task": self.task.spec(),
            "fraction": self.fraction,
            "seed": self.seed,
            "uniform": self.uniform,
        }
