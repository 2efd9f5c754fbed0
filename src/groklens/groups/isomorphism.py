"""Finding an explicit isomorphism between two multiplication tables."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.groups.classes import class_sizes, element_orders
from groklens.groups.finite_group import FiniteGroup
from groklens.groups.generators import generators


def isomorphism(group: FiniteGroup, reference: FiniteGroup) -> Int[Tensor, "element"] | None:
    """The element of `reference` that each element of `group` corresponds to, or None where no isomorphism exists.

    The identity map where the tables are equal. Otherwise the first map that a search over images of
    generators finds (only elements of the same order, class size and number of square roots are tried):
    unique up to the automorphisms of the group, which no table can tell apart.

    >>> from groklens.groups.finite_group import cyclic, nonzero_residues
    >>> isomorphism(nonzero_residues(5), cyclic(4)).tolist()
    [0, 1, 3, 2]
    """
    if torch.equal(group.table, reference.table):
        return torch.arange(group.order)
    own, theirs = _signatures(group), _signatures(reference)
    if sorted(own) != sorted(theirs):
        return None
    chosen = generators(group)
    candidates = [[y for y in range(reference.order) if theirs[y] == own[x]] for x in chosen]
    return _search(group, reference, chosen, candidates, [])


def _signatures(group: FiniteGroup) -> list[tuple[int, ...]]:
    """Properties of each element that an isomorphism preserves."""
    roots = group.table.diagonal().bincount(minlength=group.order)
    rows = torch.stack([element_orders(group), class_sizes(group), roots], dim=1)
    return [tuple(row) for row in rows.tolist()]


def _search(
    group: FiniteGroup,
    reference: FiniteGroup,
    chosen: list[int],
    candidates: list[list[int]],
    images: list[int],
) -> Tensor | None:
    """Extend `images` of the first generators to all generators by backtracking."""
    found = _induced(group, reference, chosen[: len(images)], images)
    if found is None or len(images) == len(chosen):
        return found
    for candidate in candidates[len(images)]:
        found = _search(group, reference, chosen, candidates, [*images, candidate])
        if found is not None:
            return found
    return None


def _induced(
    group: FiniteGroup, reference: FiniteGroup, chosen: list[int], images: list[int]
) -> Tensor | None:
    """The injective homomorphism that takes `chosen` to `images`, −1 outside ⟨chosen⟩; None where there is none."""
    mapped = torch.full((group.order,), -1)
    mapped[group.identity] = reference.identity
    frontier = torch.tensor([group.identity])
    while len(frontier) and chosen:
        products = group.table[frontier][:, chosen].flatten()
        targets = reference.table[mapped[frontier]][:, images].flatten()
        new = mapped[products] < 0
        mapped[products[new]] = targets[new]
        if (mapped[products] != targets).any():
            return None
        frontier = products[new].unique()
    reached = mapped[mapped >= 0]
    return mapped if len(reached.unique()) == len(reached) else None
