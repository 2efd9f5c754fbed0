"""The components of a group: its real irreps, as spaces of functions on the group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import UnknownName
from groklens.harmonics.cyclic import discrete_log, fourier_basis
from groklens.tasks.group import FiniteGroup

ComponentName = int | str


@dataclass(frozen=True, eq=False)
class Component:
    """One real irrep ρ of a group, seen as the functions on the group that its matrix entries span.

    `basis` holds an orthonormal basis of that space, one function a column; `character` is its trace
    function. The spaces of all components are orthogonal and together are all functions on the group.
    """

    name: ComponentName
    basis: Float[Tensor, "element function"]
    character: Float[Tensor, "element"]

    @property
    def size(self) -> int:
        """Dimension of the function space: 2 for a frequency, d² for an irrep of real type."""
        return self.basis.shape[1]


@lru_cache(maxsize=64)
def components(group: FiniteGroup) -> dict[ComponentName, Component]:
    """Every component of `group` by name, the trivial one first.

    A cyclic group's are its frequencies 0 … n//2 (0 is trivial; for even n the last is the sign), in the
    group's own order of elements: for multiplication they are waves in the discrete logarithm.

    >>> from groklens.tasks import group_named
    >>> list(components(group_named("C6")))
    [0, 1, 2, 3]
    """
    logs = discrete_log(group)
    if logs is None:
        raise UnknownName(
            f"{group.name} is not cyclic; this version has the components of cyclic groups only."
        )
    n = group.order
    waves = fourier_basis(n)[:, logs]
    rows = {0: waves[:1]} | {k: waves[2 * k - 1 : 2 * k + 1] for k in range(1, n // 2 + 1)}
    return {k: _component(group, k, row.T.contiguous(), degree=1) for k, row in rows.items()}


def trivial_name(group: FiniteGroup) -> ComponentName:
    """What the component of the constant functions is called."""
    return next(iter(components(group)))


def nontrivial(group: FiniteGroup) -> dict[ComponentName, Component]:
    """Every component but the constant one."""
    return {name: part for name, part in components(group).items() if name != trivial_name(group)}


def chosen_basis(group: FiniteGroup, names: tuple[ComponentName, ...]) -> Float[Tensor, "element function"]:
    """An orthonormal basis of the functions in the components `names`, one function a column.

    Raises `UnknownName` for a component that the group does not have, listing those it has.
    """
    known = components(group)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownName(
            f"{group.name} has no component {unknown[0]!r}; it has {_listing(list(known))}."
        )
    if not names:
        return torch.zeros(group.order, 0, dtype=torch.float64)
    return torch.cat([known[name].basis for name in names], dim=1)


def _component(group: FiniteGroup, name: ComponentName, basis: Tensor, degree: int) -> Component:
    # The projection on to a component's functions has the kernel (degree/order)·χ(x y⁻¹): read χ off y = 1.
    character = basis @ basis[group.identity] * group.order / degree
    return Component(name, basis, character)


def _listing(names: list[ComponentName]) -> str:
    if len(names) > 12:
        return f"{names[0]}, {names[1]}, … {names[-1]}"
    return ", ".join(map(str, names))
