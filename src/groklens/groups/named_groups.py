"""Groups by name: `"C113"`, `"D59"`, `"S5"`, `"A5"`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.groups.dihedral import dihedral
from groklens.groups.finite_group import FiniteGroup, check_order, cyclic
from groklens.groups.permutations import alternating, symmetric
from groklens.integers import integers

_FAMILIES = {"C": cyclic, "D": dihedral, "S": symmetric, "A": alternating}


def group_named(name: str) -> FiniteGroup:
    """The group of that name, its elements ordered as published models of it order them.

    * `C{n}`: the integers mod n under addition, in their usual order.
    * `D{n}`, n ≥ 2: the symmetries of the n-gon (order 2n), rotations then reflections; see `dihedral`.
    * `S{n}`, 3 ≤ n ≤ 6: all permutations of n points; see `symmetric`.
    * `A{n}`, 4 ≤ n ≤ 7: the even ones; see `alternating`.

    Raises `BadArgument` for any other name; a group that is not here can be given as its table,
    `FiniteGroup("mine", table)`.

    >>> group_named("D59").order
    118
    """
    if not isinstance(name, str):  # before it is looked up among those made already
        raise BadArgument(f"A group's name is meant, and {described(name)} was given; write 'C113' or 'S5'.")
    return _group_named(name)


@lru_cache(maxsize=64)
def _group_named(name: str) -> FiniteGroup:
    parsed = parse_group_name(name)
    if parsed is None:
        raise BadArgument(
            f"{described(name)} names no group known here; {_spelling(name)}write 'C113' (cyclic), 'D59' (symmetries "
            "of the 59-gon), 'S5' (permutations of 5 points) or 'A5' (the even ones), or give "
            "FiniteGroup('mine', table) with its multiplication table."
        )
    family, n = parsed
    if family in "CD" and n > 1:
        check_order(name, n * (2 if family == "D" else 1))
    return _FAMILIES[family](n)


def as_group(group: Any) -> FiniteGroup:
    """A group from a group, the name of one, or a multiplication table (element × element).

    Raises `BadArgument` for anything else, an unknown name, or a table that is no group's.

    >>> as_group("C5").order, as_group([[0, 1], [1, 0]]).order
    (5, 2)
    """
    if isinstance(group, FiniteGroup):
        return group
    if isinstance(group, str):
        return group_named(group)
    table = _table(group)
    if table is not None:
        return FiniteGroup(f"group of order {len(table)}", table)
    raise BadArgument(
        f"group is {described(group)}; give a name such as 'S5', a FiniteGroup, or a multiplication table: "
        f"whole numbers of shape (order, order).{_hint(group)}"
    )


def _table(group: Any) -> Tensor | None:
    """A square table of whole numbers, copied; None for anything else."""
    if not isinstance(group, (Tensor, np.ndarray, list, tuple)):
        return None
    try:
        table = integers("The group's table", group, 2, "[[0, 1], [1, 0]]")
    except BadArgument:
        return None
    return None if torch.as_tensor(group).is_floating_point() else table


def _hint(group: object) -> str:
    """How to write a group that was given by its order, or by a task."""
    own = getattr(group, "group", None)
    if isinstance(own, FiniteGroup):
        return f" That task's group is {own.name!r}."
    if isinstance(group, int) and not isinstance(group, bool) and 1 < group < 2**63:
        return f" The cyclic group of order {group} is 'C{group}'."
    return ""


def _spelling(name: str) -> str:
    """The known name nearest to a wrong one, if just one is meant: `s5`, `Z113`, `Z/113`."""
    found = re.fullmatch(r"([ACDSZacdsz])[/_(]?([1-9][0-9]{0,17})\)?", name.strip())
    if found is None:
        return ""
    return f"did you mean {found[1].upper().replace('Z', 'C') + found[2]!r}? Otherwise "


def parse_group_name(name: str) -> tuple[str, int] | None:
    """The family's letter and the parameter in the name of a known group; None for any other name.

    >>> parse_group_name("S5"), parse_group_name("mine")
    (('S', 5), None)
    """
    match = re.fullmatch(r"([CDSA])([1-9][0-9]{0,17})", name)  # no table has an order of more digits
    return None if match is None else (match[1], int(match[2]))
