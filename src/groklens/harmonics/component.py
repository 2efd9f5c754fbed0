"""`Component`: one real irrep of a group as a space of functions on the group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.groups import FiniteGroup, as_group
from groklens.harmonics.irreps import ComponentName as ComponentName
from groklens.harmonics.irreps import component_name, irreps


@dataclass(frozen=True, eq=False)
class Component:
    """One real irrep ρ of a group, seen as the functions on the group that its matrix entries span.

    `basis` holds an orthonormal basis of that space, one function per column; `character` is its trace
    function χ. The spaces of all components are orthogonal and together are all functions on the group. The
    projection on to a component has the kernel (size / (order · degree)) · χ(x y⁻¹).
    """

    name: ComponentName
    basis: Float[Tensor, "element function"]
    character: Float[Tensor, "element"]

    @property
    def size(self) -> int:
        """Dimension of the function space: 2 for a frequency, d² for an irrep of real type."""
        return self.basis.shape[1]

    @property
    def degree(self) -> int:
        """Dimension d of the real representation, χ at the identity: 2 for a frequency."""
        return round(float(self.character.max()))

    @property
    def type(self) -> str:
        """`real`, `complex` or `quaternionic`, by Frobenius and Schur: what commutes with all ρ(x).

        A frequency is of complex type (its matrix entries repeat each other), irreps of S_n and D_n are real.
        """
        return {1: "real", 2: "complex", 4: "quaternionic"}[self.degree**2 // self.size]


@lru_cache(maxsize=64)
def components(group: FiniteGroup | str) -> dict[ComponentName, Component]:
    """Every component of `group` (a group or the name of one) by name, the trivial one first.

    A cyclic group's are its frequencies 0 … n//2 (0 is trivial; for even n the last is the sign), in the
    group's own order of elements: for multiplication they are waves in the discrete logarithm. Any other
    group's are called `trivial` and the names of its irreps; see `irreps`.

    >>> list(components("C6")), list(components("S3"))
    ([0, 1, 2, 3], ['trivial', 'sign', 'standard'])
    """
    whole = as_group(group)
    return {name: _component(name, matrices) for name, matrices in irreps(whole).items()}


def trivial_name(group: FiniteGroup) -> ComponentName:
    """The name of the component of constant functions."""
    return next(iter(components(group)))


@lru_cache(maxsize=64)
def nontrivial(group: FiniteGroup) -> dict[ComponentName, Component]:
    """Every component except the constant one."""
    trivial = trivial_name(group)
    return {name: part for name, part in components(group).items() if name != trivial}


@lru_cache(maxsize=64)
def nontrivial_functions(
    group: FiniteGroup,
) -> tuple[Float[Tensor, "element function"], Int[Tensor, "function"]]:
    """The bases of all non-trivial components side by side, and the component of each function."""
    parts = list(nontrivial(group).values())
    owners = [index for index, part in enumerate(parts) for _ in range(part.size)]
    basis = torch.cat(
        [torch.zeros(group.order, 0, dtype=torch.float64), *(part.basis for part in parts)], dim=1
    )
    return basis, torch.tensor(owners, dtype=torch.long)


def component_power(
    vectors: Float[Tensor, "element feature"], group: FiniteGroup
) -> Float[Tensor, "component feature"]:
    """Power Σ (coefficient)² of functions on the group in each non-trivial component, float64."""
    basis, owners = nontrivial_functions(group)
    power = torch.zeros(len(nontrivial(group)), vectors.shape[1], dtype=torch.float64)
    return power.index_add_(0, owners, (basis.T @ vectors).square_())


def chosen_basis(group: FiniteGroup, names: tuple[ComponentName, ...]) -> Float[Tensor, "element function"]:
    """An orthonormal basis of the functions in the components `names`, one function per column.

    Names may be aliases (`component_name`). Raises `UnknownName` for a component that the group does not
    have, listing those it has.
    """
    known = components(group)
    if not names:
        return torch.zeros(group.order, 0, dtype=torch.float64)
    return torch.cat([known[component_name(group, name)].basis for name in names], dim=1)


def _component(name: ComponentName, matrices: Tensor) -> Component:
    order, degree, _ = matrices.shape
    character = torch.einsum("xii->x", matrices)
    # ⟨χ, χ⟩ is 1, 2 or 4: the dimension of what commutes with ρ, by which entries repeat each other.
    size = degree**2 // round(float(character.square().mean()))
    entries = matrices * (degree / order) ** 0.5  # Schur: each column's are orthonormal
    if size == degree:
        basis = entries[:, :, 0]  # of a rotation: cosine and sine
    elif size == degree**2:
        basis = entries.flatten(start_dim=1)
    else:
        basis = torch.linalg.svd(entries.flatten(start_dim=1), full_matrices=False).U[:, :size]
    return Component(name, basis.contiguous(), character)
