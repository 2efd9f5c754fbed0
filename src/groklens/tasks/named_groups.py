"""Groups by name: `"C113"` and, as they are added, their kin."""

from __future__ import annotations

import re

from groklens.errors import BadArgument
from groklens.tasks.group import FiniteGroup, cyclic


def group_named(name: str) -> FiniteGroup:
    """The group of that name: `C{n}`, the cyclic group of order n, elements in their usual order.

    Raises `BadArgument` for any other name; a group that is not here can be given as its table,
    `FiniteGroup("mine", table)`.

    >>> group_named("C113").order
    113
    """
    match = re.fullmatch(r"C([1-9]\d*)", name)
    if match is None:
        raise BadArgument(
            f"{name!r} names no group known here; write 'C113' for the cyclic group of order 113, or give "
            "FiniteGroup('mine', table) with its multiplication table."
        )
    return cyclic(int(match[1]))
