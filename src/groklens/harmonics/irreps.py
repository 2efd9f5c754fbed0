"""The irreps of any group as real orthogonal matrices, by the formula of its family where there is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, UnknownName, described, did_you_mean, whole_number
from groklens.groups import FiniteGroup, group_named, isomorphism, parse_group_name
from groklens.harmonics import alternating, dihedral, generic, symmetric
from groklens.harmonics.cyclic import discrete_log, rotations

#: What components are called: integers for cyclic groups, text otherwise.
ComponentName = int | str
Matrices = Float[Tensor, "element row column"]

_FAMILIES: dict[str, Callable[[int], dict[str, Tensor]]] = {
    "S": symmetric.irreps,
    "A": alternating.irreps,
    "D": dihedral.irreps,
}


@lru_cache(maxsize=32)
def irreps(group: FiniteGroup) -> dict[ComponentName, Matrices]:
    """The matrices ρ(x) of every real irrep of `group` by name, the trivial one first, with ρ(xy) = ρ(x)ρ(y).

    A group that is named after a known one (`"S5"`) must be it, in any order of its elements: names are then
    taken over through an isomorphism to `group_named("S5")`, the identity where the tables agree. Which of
    several isomorphisms it is matters only for names that an automorphism exchanges (the frequencies of C_n
    and D_n, `a5_3d_a` and `a5_3d_b`, and some of S_6): no table tells those apart.
    Any other group has its irreps computed from the table (`generic`). Raises `BadArgument` for a table that
    is not of the group it is named after.

    >>> list(irreps(group_named("S4")))
    ['trivial', 'sign', 'standard', 'standard_sign', '(2,2)']
    """
    known = parse_group_name(group.name)
    if known is not None and known[0] != "C":
        match = _match(group)
        return {name: matrices[match] for name, matrices in _reference(group.name).items()}
    logs = discrete_log(group)
    if logs is not None:
        return {k: rotations(group.order, k)[logs] for k in range(group.order // 2 + 1)}
    if known is not None:
        raise BadArgument(_misnamed(group))
    found: dict[ComponentName, Matrices] = {}
    found.update(generic.irreps(group))
    return found


def irrep_matrices(group: FiniteGroup, name: ComponentName) -> Matrices:
    """The real orthogonal matrices ρ(x) of one irrep of `group`, float64; `name` may be an alias.

    Young's orthogonal form for S_n, rotations and reflections for C_n and D_n. Raises `UnknownName` for an
    irrep that the group does not have.

    >>> irrep_matrices(group_named("S5"), "(3,2)").shape
    torch.Size([120, 5, 5])
    """
    return irreps(group)[component_name(group, name)]


def component_name(group: FiniteGroup, name: ComponentName) -> ComponentName:
    """The name in groklens of the component that is also known as `name`.

    S_n and A_n take partitions (`"(3,2)"`; for a half `"(3,1,1)_a"`), cyclic groups `"trivial"`, `"freq_3"`
    and `"sign"`, D_n integers for `freq_k`. Raises `UnknownName` for a name that means nothing here, listing
    those that do.

    >>> component_name(group_named("S5"), "(2,2,1)"), component_name(group_named("C6"), "sign")
    ('s5_5d_a', 3)
    """
    known = irreps(group)
    name = name if isinstance(name, str) else _number(name)
    found = name if name in known else _alias(group, str(name).replace(" ", ""))
    if found not in known:
        names = list(known)
        listing = ", ".join(map(str, names if len(names) <= 12 else [*names[:3], "…", names[-1]]))
        asked = did_you_mean(name, known) if isinstance(name, str) else ""
        raise UnknownName(
            f"{group.name} has no component {name!r}; {asked}{' ' * bool(asked)}it has {listing}."
        )
    return found


def _number(name: object) -> Any:
    """A frequency as a Python int; anything else as text, which no component is called."""
    try:
        return whole_number("a component", name)
    except BadArgument:
        return described(name)


def _alias(group: FiniteGroup, name: str) -> ComponentName:
    family, n = parse_group_name(group.name) or ("", 0)
    if family == "D" and name.isdigit():
        return f"freq_{name}"
    if family in ("S", "A"):
        shape = re.fullmatch(r"\((\d+(?:,\d+)*),?\)(_[ab])?", name)
        partition = tuple(map(int, shape[1].split(","))) if shape else ()
        if partition not in symmetric.partitions(n):
            return name
        if family == "S":
            return symmetric.partition_names(n)[partition]
        return alternating.base_name(partition) + (shape[2] or "" if shape else "")
    if 0 in irreps(group):  # cyclic: its names are integers
        frequency = re.fullmatch(r"(?:freq_)?(\d+)", name)
        special = {"trivial": 0} | ({"sign": group.order // 2} if group.order % 2 == 0 else {})
        return int(frequency[1]) if frequency else special.get(name, name)
    return name


@lru_cache(maxsize=8)
def _reference(name: str) -> dict[str, Matrices]:
    family, n = parse_group_name(name) or ("", 0)
    return _FAMILIES[family](n)


def _match(group: FiniteGroup) -> Int[Tensor, "element"]:
    found = isomorphism(group, group_named(group.name))
    if found is None:
        raise BadArgument(_misnamed(group))
    return found


def _misnamed(group: FiniteGroup) -> str:
    return (
        f"A group of order {group.order} is named {group.name!r}, but its table is not of that group, in any "
        "order of the elements. Give it another name, such as FiniteGroup('mine', table)."
    )
