"""`Symmetry`: the group that a task's operation belongs to, and where its elements stand in the task's inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups.finite_group import FiniteGroup


@dataclass(frozen=True, eq=False)
class Symmetry:
    """The group that a task's operation belongs to, and where its elements stand in the inputs.

    `elements[i]` holds the group elements x, y of input i; the operation's answer there is x∘y. Where the second
    operand enters inverted, as in subtraction, `elements` already holds the inverse.

    A group may act on some inputs only, and its elements be any tokens: multiplication with zero is a group where
    neither operand is 0. `acts` then says on which inputs, `elements` holds a row for each of those alone, and
    `tokens` and `classes` say which token of an operand, and which class of the answer, each element is. Left out, the
    group acts on every input, and element e is the token e and the class e.
    """

    group: FiniteGroup
    elements: Int[Tensor, "acting operand"]
    acts: Bool[Tensor, "input"] | None = None
    tokens: Int[Tensor, "element"] | None = None
    classes: Int[Tensor, "element"] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the group acts on every input, and element e is the token e and the class e."""
        return self.acts is None and self.tokens is None and self.classes is None

    @cached_property
    def products(self) -> Int[Tensor, "input"]:
        """The element x∘y of every input (input); of every input where the group acts, if it does not on all."""
        return self.group.table[self.elements[:, 0], self.elements[:, 1]]

    def __eq__(self, other: object) -> bool:
        """Equal where the groups are and the same elements stand in the same inputs."""
        if not isinstance(other, Symmetry):
            return NotImplemented
        names = ("elements", "acts", "tokens", "classes")
        pairs = [(getattr(self, name), getattr(other, name)) for name in names]
        return self.group == other.group and all(_same(*pair) for pair in pairs)

    def __hash__(self) -> int:
        return hash((self.group, len(self.elements)))


def plain(symmetry: Symmetry, task: str) -> Symmetry:
    """The symmetry itself; `BadArgument`, with the way on, where its group does not act on every input of `task`."""
    if symmetry.is_plain:
        return symmetry
    acting = len(symmetry.elements)
    n_inputs = acting if symmetry.acts is None else len(symmetry.acts)
    raise BadArgument(
        f"{symmetry.group.name} acts on {acting} of the {n_inputs} inputs of {task}, by tokens of its own; look at "
        "snapshot.where_group_acts, which has those inputs alone, by their elements."
    )


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or torch.equal(one, other)
