"""`gl.GroupComposition`: the product of two elements of a finite group.

The task of Chughtai et al. (2023), arXiv:2302.03025.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from jaxtyping import Int
from torch import Tensor

from groklens.groups import FiniteGroup, Symmetry, as_group, check_order, element_names, is_reference
from groklens.tasks.task import Task, operand_grid


class GroupComposition(Task):
    """The task a∘b in a finite group: two elements in, their product out, over all pairs, with "=" at the end.

    `group` is a name (`"S5"`, `"A5"`, `"D59"`, `"C118"`, …), a `FiniteGroup`, or a
    multiplication table (element × element). A relabelled table of a known group keeps that group's names of
    components when it is given as `FiniteGroup("S5", table)`. Raises `BadArgument` for an unknown name, a
    table that is no group's, or a group of one element.

    >>> GroupComposition("S5").d_vocab
    121
    """

    def __init__(
        self, group: str | FiniteGroup | Int[Tensor, "element element"] | Sequence[Sequence[int]]
    ) -> None:
        self._group = as_group(group)
        check_order(self._group.name, self._group.order)

    @property
    def name(self) -> str:
        """The task's name, such as `S5 composition`."""
        return f"{self._group.name} composition"

    @property
    def d_vocab(self) -> int:
        """One token per element, and "="."""
        return self._group.order + 1

    @property
    def d_vocab_out(self) -> int:
        """One class per element."""
        return self._group.order

    @cached_property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """All pairs (a, b, "="), lexicographic."""
        return operand_grid([self._group.order] * 2, separator=self._group.order)

    @property
    def labels(self) -> Int[Tensor, "input"]:
        """The products a∘b."""
        return self._group.table.flatten()

    @cached_property
    def symmetry(self) -> Symmetry:
        """The group itself, on the two operands."""
        return Symmetry(self._group, self.inputs[:, :2])

    @property
    def token_names(self) -> list[str]:
        """The elements (`element_names`), then "="."""
        return [*element_names(self._group), "="]

    def spec(self) -> dict[str, Any]:
        """The group's name where the name says it all, else its name and table."""
        group = self._group
        known = is_reference(group)
        return {
            "kind": "GroupComposition",
            "group": group.name if known else {"name": group.name, "table": group.table.tolist()},
        }
