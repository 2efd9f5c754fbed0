"""The real irreps of any finite group, computed from its multiplication table."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, conjugacy_classes, extended, generators

#: Eigenvalues nearer than this share of the largest count as equal. Rounding is some 1e-15, and the error
#: of a basis is that divided by the gap beside it.
_GAP = 1e-6
_SEEDS = range(16)


def irreps(group: FiniteGroup) -> dict[str, Float[Tensor, "element row column"]]:
    """Orthogonal matrices of every real irrep of `group`: `trivial`, then `irrep_1`, `irrep_2`, ….

    Ordered by degree, then by the values of the character in the order of the elements, the greater first.
    The spaces are eigenspaces of a random combination of symmetrised class sums (Dixon 1967, in floating
    point); each is cut down to one copy of its irrep by a random operator that commutes with the group.
    Raises `BadArgument` if no combination separates them.

    >>> from groklens.groups.finite_group import FiniteGroup
    >>> a = torch.arange(4)
    >>> list(irreps(FiniteGroup("four-group", a[:, None] ^ a)))
    ['trivial', 'irrep_1', 'irrep_2', 'irrep_3']
    """
    found = [_one_copy(group, space) for space in _isotypic_spaces(group)]
    found.sort(key=_sort_key)
    names = ["trivial", *(f"irrep_{i}" for i in range(1, len(found)))]
    return dict(zip(names, found, strict=True))


def _isotypic_spaces(group: FiniteGroup) -> list[Tensor]:
    """Orthonormal bases (element × function) of the functions of each real irrep."""
    classes = conjugacy_classes(group)
    merged = torch.minimum(classes, classes[group.inverses])
    labels = merged.unique(return_inverse=True)[1]
    sizes = labels.bincount()
    quotient = labels[group.table[:, group.inverses]]  # the class of x y⁻¹
    for weights in _random_weights(len(sizes)):
        spaces = _eigenspaces((weights / sizes.sqrt())[quotient])
        # Real irreps are as many as classes when an element and its inverse count as conjugate.
        if len(spaces) == len(sizes):
            return spaces
    raise BadArgument(_not_separated(group))


def _one_copy(group: FiniteGroup, space: Tensor) -> Tensor:
    """Matrices of the irrep ρ with function space `space`, from left translation on one copy of ρ in it."""
    degree = _degree(group, space)
    quotient = group.table[group.inverses]  # x⁻¹ y
    for weights in _random_weights(group.order):
        weights = weights + weights[group.inverses]
        copies = _eigenspaces(space.T @ weights[quotient] @ space)
        if all(copy.shape[1] == degree for copy in copies):
            frame = space @ copies[0]
            shifts = {g: frame[group.table[group.inverses[g]]] for g in generators(group)}
            return extended(group, {g: frame.T @ shifted for g, shifted in shifts.items()})
    raise BadArgument(_not_separated(group))


def _degree(group: FiniteGroup, space: Tensor) -> int:
    """Degree of a real irrep from its number of functions: d² for real type, d²/2 complex, d²/4 quaternionic.

    The type is the sign of the Frobenius–Schur sum of χ(g²).
    """
    kernel = space @ space[group.identity]  # a positive multiple of χ
    schur = float(kernel[group.table.diagonal()].sum())
    fields = 1 if schur > 0.5 else 4 if schur < -0.5 else 2
    return round((fields * space.shape[1]) ** 0.5)


def _eigenspaces(symmetric: Tensor) -> list[Tensor]:
    values, vectors = torch.linalg.eigh(symmetric)
    gaps = values.diff() > _GAP * values.abs().max()
    sizes = torch.cat([gaps.new_ones(1), gaps]).cumsum(0).bincount()[1:]
    return list(vectors.split(sizes.tolist(), dim=1))


def _random_weights(count: int) -> Iterator[Tensor]:
    for seed in _SEEDS:
        yield torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _sort_key(matrices: Tensor) -> tuple[bool, int, list[float]]:
    character = torch.einsum("xii->x", matrices)
    values = (-character).round(decimals=6).tolist()
    return not bool((character > 0.5).all()), matrices.shape[1], values


def _not_separated(group: FiniteGroup) -> str:
    return (
        f"The irreps of {group.name} (order {group.order}) cannot be told apart from its table in float64. "
        "If it is a known group, give it that name: FiniteGroup('S5', table)."
    )
