"""Groups by name: `"C113"`, `"D59"`, `"S5"`, `"A5"`."""

from __future__ import annotations

import re
from functools import lru_cache

from groklens.errors import BadArgument
from groklens.tasks.dihedral import dihedral
from groklens.tasks.group import FiniteGroup, cyclic
from groklens.tasks.permutation_groups import alternating, symmetric

_FAMILIES = {"C": cyclic, "D": dihedral, "S": symmetric, "A": alternating}


@lru_cache(maxsize=64)
def group_named(name: str) -> FiniteGroup:
    """The group of that name, with the element order that published models of it use.

    * `C{n}`: the integers mod n under addition, in their usual order.
    * `D{n}`, n ≥ 2: the symmetries of the n-gon (order 2n), rotations then reflections; see `dihedral`.
    * `S{n}`, 3 ≤ n ≤ 6: all permutations of n points; see `symmetric`.
    * `A{n}`, 4 ≤ n ≤ 7: the even ones; see `alternating`.

    Raises `BadArgument` for any other name; a group that is not here can be given as its table,
    `FiniteGroup("mine", table)`.

    >>> group_named("D59").order
    118
    """
    parsed = parse_group_name(name)
    if parsed is None:
        raise BadArgument(
            f"{name!r} names no group known here; write 'C113' (cyclic), 'D59' (symmetries of the 59-gon), "
            "'S5' (permutations of 5 points) or 'A5' (the even ones), or give FiniteGroup('mine', table) "
            "with its multiplication table."
        )
    family, n = parsed
    return _FAMILIES[family](n)


def parse_group_name(name: str) -> tuple[str, int] | None:
    """The family's letter and the parameter in the name of a known group, or None for any other name.

    >>> parse_group_name("S5"), parse_group_name("mine")
    (('S', 5), None)
    """
    match = re.fullmatch(r"([CDSA])([1-9]\d*)", name)
    return None if match is None else (match[1], int(match[2]))
