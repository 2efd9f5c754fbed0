"""Composition in a finite group: the task of Chughtai et al. (2023), arXiv:2302.03025."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.tasks.element_names import element_names, is_reference
from groklens.tasks.group import FiniteGroup
from groklens.tasks.named_groups import group_named
from groklens.tasks.task import Symmetry, Task, operand_grid


class GroupComposition(Task):
    """Two elements in, their product out: a∘b in a finite group, over all pairs, "=" at the end.

    `group` is a name (`"S5"`, `"A5"`, `"D59"`, `"C118"`, …; see `group_named`), a `FiniteGroup`, or a
    multiplication table (element × element). A relabelled table of a known group keeps that group's names of
    components when it is given as `FiniteGroup("S5", table)`. Raises `BadArgument` for an unknown name or a
    table that is no group's.

    >>> GroupComposition("S5").d_vocab
    121
    """

    def __init__(self, group: str | FiniteGroup | Int[Tensor, "element element"]) -> None:
        self._group = _as_group(group)

    @property
    def name(self) -> str:
        """Such as `S5 composition`."""
        return f"{self._group.name} composition"

    @property
    def d_vocab(self) -> int:
        """One token an element, and "="."""
        return self._group.order + 1

    @property
    def d_vocab_out(self) -> int:
        """One class an element."""
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


def _as_group(group: str | FiniteGroup | Tensor) -> FiniteGroup:
    if isinstance(group, FiniteGroup):
        return group
    if isinstance(group, str):
        return group_named(group)
    if isinstance(group, Tensor) and group.ndim == 2 and not group.is_floating_point():
        whole = group.detach().to("cpu", torch.long, copy=True)  # the caller's may change later
        return FiniteGroup(f"group of order {len(whole)}", whole)
    raise BadArgument(
        f"group is {group!r}; give a name such as 'S5', a FiniteGroup, or a multiplication table: "
        "an integer tensor of shape (order, order)."
    )
