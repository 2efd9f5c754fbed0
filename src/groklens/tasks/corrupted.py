"""`gl.Corrupted`: any task with a share of its train labels replaced by wrong ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_number
from groklens.groups import Symmetry
from groklens.tasks.examples import Examples, Inputs
from groklens.tasks.stream import Stream
from groklens.tasks.task import Task, check_task
from groklens.value_checks import flag_fields


@dataclass(frozen=True, eq=False, repr=False)
class Corrupted(Task):
    """A task with a share of its targets replaced: the model is trained towards wrong classes there; labels stay true.

    `targets` hold the changed classes and `labels` the task's own, so train loss and accuracy say how well
    the given labels are memorised, and what is taken on test inputs or on all inputs is judged by the labels.
    `fraction` of the inputs, chosen and changed by `seed`, get another class than their own, uniformly. With
    `uniform`, the draw is among all classes, the correct one included: at fraction 1 these are the random
    labels of Zhang et al. (2017, arXiv:1611.03530), which say nothing of the task. Which of them are trained on is the
    split's choice. On a table of tokens it is made by the same permutation where the recipe's `seed` is this one, so
    that the inputs changed are the first to be trained on (the recipe warns of it); give another seed for a choice that
    is independent of it.
    Of a stream, each fresh example has a wrong target with probability `fraction`, by `seed`, the recipe's and the
    update; its probe is labelled correctly.

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
        if len(self.task.reads) > 1:
            raise BadArgument(
                f"{self.task.name} is answered at {len(self.task.reads)} positions; labels are made wrong where "
                "there is one answer an input."
            )
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
    def inputs(self) -> Inputs:
        return self.task.inputs

    @property
    def labels(self) -> Int[Tensor, "input"]:
        return self.task.labels

    @cached_property
    def targets(self) -> Int[Tensor, "input"]:
        """The class that each input is trained towards: its label, or the class drawn in its place; a probe's label."""
        if self.is_stream:
            return self.labels
        generator = _apart(self.seed) if self.d_in else torch.Generator().manual_seed(self.seed)
        n_inputs = len(self.labels)
        chosen = torch.randperm(n_inputs, generator=generator)[: round(self.fraction * n_inputs)]
        return self._wrong(self.labels, chosen, generator)

    def batch(self, update: int, seed: int, size: int) -> Examples:
        """The stream's fresh examples; each is given a wrong target by itself, in `fraction` of the cases."""
        if not isinstance(self.task, Stream):
            raise BadArgument(
                f"{self.task.name} is a table, which has no fresh examples; see its `examples`."
            )
        fresh = self.task.batch(update, seed, size)
        generator = _apart(self.seed, seed, update)
        chosen = torch.nonzero(torch.rand(len(fresh.labels), generator=generator) < self.fraction)[:, 0]
        return replace(fresh, targets=self._wrong(fresh.labels, chosen, generator))

    def _wrong(
        self, labels: Int[Tensor, "input"], chosen: Int[Tensor, "some"], generator: torch.Generator
    ) -> Int[Tensor, "input"]:
        """The labels, those of the inputs chosen moved to another class (with `uniform`, to any)."""
        n_classes, least = self.d_vocab_out, 0 if self.uniform else 1
        moved = torch.randint(least, n_classes, (len(chosen),), generator=generator)
        targets = labels.clone()
        targets[chosen] = (targets[chosen] + moved) % n_classes
        return targets

    def check_split(self, train: Int[Tensor, " train"]) -> None:
        """As the task's own."""
        self.task.check_split(train)

    @property
    def is_stream(self) -> bool:
        """Whether the task is one; then the targets of every batch are corrupted, and the probe's are right."""
        return self.task.is_stream

    @property
    def examples(self) -> Mapping[str, Examples]:
        """The probe of a stream, right as it is; of a table every example, with its target."""
        return self.task.examples if self.is_stream else super().examples

    @property
    def is_corrupted(self) -> bool:
        return True

    @property
    def has_random_labels(self) -> bool:
        """Whether the labels of the task that is corrupted are random."""
        return self.task.has_random_labels

    @property
    def is_wrong(self) -> Bool[Tensor, "input"]:
        """Whether each input's target differs from its label (input)."""
        return self.targets != self.labels

    @property
    def d_vocab(self) -> int | None:
        return self.task.d_vocab

    @property
    def d_in(self) -> int | None:
        """The task's own."""
        return self.task.d_in

    @property
    def d_vocab_out(self) -> int:
        return self.task.d_vocab_out

    @property
    def reads(self) -> tuple[int, ...]:
        """The task's own."""
        return self.task.reads

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
    def operands(self) -> Int[Tensor, "input operand"]:
        """The task's own."""
        return self.task.operands

    @property
    def token_names(self) -> list[str]:
        return self.task.token_names

    @property
    def position_names(self) -> list[str]:
        """The task's own."""
        return self.task.position_names

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


def _apart(*numbers: int) -> torch.Generator:
    """A generator of these numbers that shares its draws with no split and no stream of an equal seed."""
    found = hashlib.sha256(" ".join(["wrong labels", *map(str, numbers)]).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(found[:7], "big"))
