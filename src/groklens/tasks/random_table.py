"""`gl.RandomTable`: a table of random answers, the null task without structure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import whole_number
from groklens.tasks.task import Task, check_pairs, operand_grid


@dataclass(frozen=True, eq=False, repr=False)
class RandomTable(Task):
    """An n × n table of independent uniform answers, which can be memorised and never generalised.

    Same shapes as `ModularArithmetic(n)`: tokens 0 … n−1 and "=", n classes. It has no symmetry; to look
    for one all the same, name the group: `find_circuit(snapshot, group="C113")`.

    >>> RandomTable(5, seed=0).labels.shape
    torch.Size([25])
    """

    n: int
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", whole_number("n", self.n, 2, such_as=113))
        object.__setattr__(self, "seed", whole_number("seed", self.seed, such_as=0))
        check_pairs(self.name, self.n)

    @property
    def name(self) -> str:
        """The task's name, such as `random table 113`."""
        return f"random table {self.n}"

    @property
    def d_vocab(self) -> int:
        """One token per operand value, and "="."""
        return self.n + 1

    @property
    def d_vocab_out(self) -> int:
        """One class per possible answer, n in all."""
        return self.n

    @cached_property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """All pairs (a, b, "="), lexicographic."""
        return operand_grid([self.n] * 2, separator=self.n)

    @cached_property
    def labels(self) -> Int[Tensor, "input"]:
        """Independent uniform classes, drawn from `seed`."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randint(self.n, (self.n**2,), generator=generator)

    @property
    def has_random_labels(self) -> bool:
        """Yes: every label of a random table is drawn for itself."""
        return True

    @property
    def token_names(self) -> list[str]:
        """The operands' values, then "="."""
        return [str(token) for token in range(self.n)] + ["="]

    def spec(self) -> dict[str, Any]:
        """Kind, size and seed."""
        return {"kind": "RandomTable", "n": self.n, "seed": self.seed}
