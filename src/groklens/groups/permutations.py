"""Symmetric and alternating groups, and the permutations that their elements stand for.

The order of elements is that of the models of Chughtai et al. (2023): sympy enumerates a group by its chain
of stabilisers, `group.generate(method="coset")`. sympy is installed with torch.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups.finite_group import FiniteGroup

#: Beyond these a table of all pairs is not something to train on: S_7 has 25 million.
LARGEST_DEGREE = {"S": 6, "A": 7}


def symmetric(n: int) -> FiniteGroup:
    """The symmetric group `S{n}`, 3 ≤ n ≤ 6: all permutations of n points, ordered as `permutations_of` lists them.

    The product applies the left factor first: (pq)[i] = q[p[i]], which is sympy's `p * q`.

    >>> symmetric(5).order
    120
    """
    _check_degree("S", n, least=3)
    return FiniteGroup(f"S{n}", _table(permutations_of(f"S{n}")))


def alternating(n: int) -> FiniteGroup:
    """The alternating group `A{n}`, 4 ≤ n ≤ 7: the even permutations of n points; products as in `symmetric`.

    >>> alternating(5).order
    60
    """
    _check_degree("A", n, least=4)
    return FiniteGroup(f"A{n}", _table(permutations_of(f"A{n}")))


@lru_cache(maxsize=8)
def permutations_of(name: str) -> Int[Tensor, "element point"]:
    """The permutations that the elements of `group_named(name)` stand for, for `S{n}` and `A{n}`.

    Row x lists the images of the points 0 … n−1 under element x. Raises `BadArgument` for other names.

    >>> permutations_of("A5")[1].tolist()
    [1, 2, 3, 4, 0]
    """
    from sympy.combinatorics import (
        AlternatingGroup,
        Permutation,
        PermutationGroup,
        SymmetricGroup,
    )

    family, degree = name[:1], name[1:]
    if family not in ("S", "A") or not degree.isdigit():
        raise BadArgument(f"{name!r} is no group of permutations; write 'S5' or 'A5'.")
    n = int(degree)
    _check_degree(family, n, least=3 if family == "S" else 4)
    if name == "A5":  # as generated for the published models; sympy's own A5 comes in another order
        group = PermutationGroup(Permutation(0, 1, 2, 3, 4), Permutation(1, 2)(3, 4))
    else:
        group = SymmetricGroup(n) if family == "S" else AlternatingGroup(n)
    return torch.tensor([element.array_form for element in group.generate(method="coset")])


def cycle_notation(permutation: Int[Tensor, "point"]) -> str:
    """A permutation written as its disjoint cycles, `e` for the identity.

    >>> cycle_notation(torch.tensor([1, 0, 3, 4, 2]))
    '(0 1)(2 3 4)'
    """
    image = permutation.tolist()
    text, seen = "", set()
    for start in range(len(image)):
        cycle = []
        point = start
        while point not in seen:
            seen.add(point)
            cycle.append(str(point))
            point = image[point]
        if len(cycle) > 1:
            text += f"({' '.join(cycle)})"
    return text or "e"


def index_of(
    permutations: Int[Tensor, "element point"], wanted: Int[Tensor, "*batch point"]
) -> Int[Tensor, "*batch"]:
    """Index of each of the permutations `wanted` in the list `permutations`, which must hold it.

    >>> index_of(permutations_of("A5"), torch.tensor([[1, 2, 3, 4, 0]]))
    tensor([1])
    """
    n = permutations.shape[-1]
    digits = n ** torch.arange(n)
    return _positions(permutations)[(wanted * digits).sum(dim=-1)]


def _positions(permutations: Tensor) -> Tensor:
    """Index of each permutation by the number that its images spell in base n."""
    n = permutations.shape[-1]
    positions = torch.full((n**n,), -1)
    positions[(permutations * n ** torch.arange(n)).sum(dim=-1)] = torch.arange(len(permutations))
    return positions


def _table(permutations: Tensor) -> Tensor:
    # Σ_i q[p[i]] nⁱ = Σ_j q[j] n^(p⁻¹[j]): the numbers spelt by all products are one matrix product.
    digits = permutations.shape[-1] ** permutations.argsort(dim=-1)
    return _positions(permutations)[(digits.double() @ permutations.double().T).long()]


def _check_degree(family: str, n: int, least: int) -> None:
    if n < least:
        small = "C1 or C3" if family == "A" else "C1 or C2"
        raise BadArgument(f"'{family}{n}' is cyclic: write {small}, whose components have integer names.")
    if n > LARGEST_DEGREE[family]:
        raise BadArgument(
            f"'{family}{n}' has too many elements for a table of all pairs; "
            f"the largest here is '{family}{LARGEST_DEGREE[family]}'."
        )
