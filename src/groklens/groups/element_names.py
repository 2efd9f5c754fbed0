"""Names of the elements of a group in pictures: cycles of permutations, rotations and reflections, numbers."""

from __future__ import annotations

import torch

from groklens.groups.finite_group import FiniteGroup
from groklens.groups.named_groups import group_named, parse_group_name
from groklens.groups.permutations import cycle_notation, permutations_of


def element_names(group: FiniteGroup) -> list[str]:
    """A name for each element: cycles for S_n and A_n, `r^k` and `r^k s` for D_n, otherwise its index.

    A group whose table is not that of `group_named(group.name)` gets indices too: which element is which
    cannot be told from a table.

    >>> element_names(group_named("D3"))
    ['e', 'r', 'r^2', 's', 'r s', 'r^2 s']
    """
    parsed = parse_group_name(group.name)
    if parsed is None or parsed[0] == "C" or not is_reference(group):
        return [str(element) for element in range(group.order)]
    family, n = parsed
    if family == "D":
        turns = ["", "r", *(f"r^{k}" for k in range(2, n))]
        return [turn or "e" for turn in turns] + [f"{turn} s".strip() for turn in turns]
    return [cycle_notation(permutation) for permutation in permutations_of(group.name)]


def is_reference(group: FiniteGroup) -> bool:
    """Whether `group` equals, element by element, the known group of its name."""
    return parse_group_name(group.name) is not None and torch.equal(
        group.table, group_named(group.name).table
    )
