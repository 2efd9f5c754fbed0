"""The irreps of S_n in Young's orthogonal form (James & Kerber 1981, 3.4)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.groups import extended, group_named, index_of, permutations_of

Partition = tuple[int, ...]
#: A standard tableau: the row, from 0, that each of the numbers 1 … n stands in.
Tableau = tuple[int, ...]

#: Names that published results use beside those which every S_n has.
_PUBLISHED: dict[int, dict[Partition, str]] = {
    5: {(2, 2, 1): "s5_5d_a", (3, 2): "s5_5d_b", (3, 1, 1): "s5_6d"},
    6: {(3, 3): "s6_5d_a", (2, 2, 2): "s6_5d_b"},
}


def irreps(n: int) -> dict[str, Float[Tensor, "element row column"]]:
    """The orthogonal matrices of every irrep of S_n, all of real type, by name; elements as in `group_named`.

    >>> {name: matrices.shape[-1] for name, matrices in irreps(4).items()}
    {'trivial': 1, 'sign': 1, 'standard': 3, 'standard_sign': 3, '(2,2)': 2}
    """
    group, permutations = group_named(f"S{n}"), permutations_of(f"S{n}")
    swaps = index_of(permutations, adjacent_transpositions(n)).tolist()
    return {
        name: extended(group, dict(zip(swaps, orthogonal_form(partition), strict=True)))
        for partition, name in partition_names(n).items()
    }


def partition_names(n: int) -> dict[Partition, str]:
    """The name of each partition's irrep of S_n: a published name, or the partition itself.

    >>> partition_names(3)
    {(3,): 'trivial', (1, 1, 1): 'sign', (2, 1): 'standard'}
    """
    common = {(2, *[1] * (n - 2)): "standard_sign"} | {(n - 1, 1): "standard"}  # one and the same for S_3
    names = {(n,): "trivial", (1,) * n: "sign", (n - 1, 1): "standard"} | common | _PUBLISHED.get(n, {})
    return names | {each: written(each) for each in partitions(n) if each not in names}


def partitions(n: int, largest: int | None = None) -> list[Partition]:
    """The partitions of n, largest parts first.

    >>> partitions(3)
    [(3,), (2, 1), (1, 1, 1)]
    """
    if n == 0:
        return [()]
    first = range(min(n, largest or n), 0, -1)
    return [(part, *rest) for part in first for rest in partitions(n - part, part)]


def written(partition: Partition) -> str:
    """A partition as text, such as `(3,2)`."""
    return f"({','.join(map(str, partition))})"


def adjacent_transpositions(n: int) -> Tensor:
    """The permutations that swap i and i+1, one per row; they generate S_n."""
    swaps = torch.arange(n).repeat(n - 1, 1)
    for i in range(n - 1):
        swaps[i, [i, i + 1]] = swaps[i, [i + 1, i]]
    return swaps


def orthogonal_form(partition: Partition) -> list[Float[Tensor, "row column"]]:
    """Young's matrices of the adjacent transpositions, rows and columns by standard tableau.

    Swapping i and i+1 keeps a tableau t with weight 1/r and takes it to the swapped one with √(1 − 1/r²),
    where r is the axial distance from i to i+1: the difference of their contents, column minus row.
    """
    tableaux = standard_tableaux(partition)
    position = {tableau: index for index, tableau in enumerate(tableaux)}
    matrices = []
    for i in range(sum(partition) - 1):
        matrix = torch.zeros(len(tableaux), len(tableaux), dtype=torch.float64)
        for tableau, row in position.items():
            content = [column - row for row, column in cells(tableau)]
            distance = content[i + 1] - content[i]
            matrix[row, row] = 1 / distance
            if abs(distance) > 1:
                swapped = (*tableau[:i], tableau[i + 1], tableau[i], *tableau[i + 2 :])
                matrix[row, position[swapped]] = (1 - 1 / distance**2) ** 0.5
        matrices.append(matrix)
    return matrices


def standard_tableaux(partition: Partition) -> list[Tableau]:
    """The standard tableaux of a shape: fillings with 1 … n that increase along rows and down columns.

    >>> standard_tableaux((2, 1))
    [(0, 1, 0), (0, 0, 1)]
    """
    if not sum(partition):
        return [()]
    found = []
    for row, length in enumerate(partition):
        below = partition[row + 1] if row + 1 < len(partition) else 0
        if length > below:  # n can stand at the end of this row
            smaller = (*partition[:row], length - 1, *partition[row + 1 :])
            found += [(*tableau, row) for tableau in standard_tableaux(smaller)]
    return found


def cells(tableau: Tableau) -> list[tuple[int, int]]:
    """Row and column of each number 1 … n in a standard tableau."""
    return [(row, tableau[:i].count(row)) for i, row in enumerate(tableau)]
