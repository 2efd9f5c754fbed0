"""`Symmetry`: the group that a task's operation belongs to, and where its elements stand in the task's inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.groups.finite_group import FiniteGroup


@dataclass(frozen=True, eq=False)
class Symmetry:
    """The group that a task's operation belongs to, and where its elements stand in the inputs.

    `elements[i]` holds the group elements x, y of input i; the operation's answer there is x∘y. Operand
    tokens are element indices (the token t of the first operand is element t); where the second operand
    enters inverted, as in subtraction, `elements` already holds the inverse.
    """

    group: FiniteGroup
    elements: Int[Tensor, "input operand"]

    @cached_property
    def products(self) -> Int[Tensor, "input"]:
        """The element x∘y of every input (input)."""
        return self.group.table[self.elements[:, 0], self.elements[:, 1]]

    def __eq__(self, other: object) -> bool:
        """Equal where the groups are and the same elements stand in the same inputs."""
        if not isinstance(other, Symmetry):
            return NotImplemented
        same = self.elements is other.elements or torch.equal(self.elements, other.elements)
        return self.group == other.group and same

    def __hash__(self) -> int:
        return hash((self.group, len(self.elements)))
