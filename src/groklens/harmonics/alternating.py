"""The irreps of A_n: those of S_n restricted, and split where they can be (James & Kerber 1981, 2.5)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.groups import extended, group_named, index_of, permutations_of
from groklens.harmonics.symmetric import (
    Partition,
    Tableau,
    adjacent_transpositions,
    cells,
    orthogonal_form,
    partitions,
    standard_tableaux,
    written,
)

_PUBLISHED: dict[int, dict[Partition, str]] = {5: {(3, 2): "a5_5d_a", (3, 1, 1): "a5_3d"}}


def irreps(n: int) -> dict[str, Float[Tensor, "element row column"]]:
    """The orthogonal matrices of every real irrep of A_n by name; elements as in `group_named`.

    λ and its conjugate λ′ restrict to the same irrep. Where λ = λ′ the restriction splits in two: over the
    reals into `…_a` and `…_b`, or, where the halves are complex conjugates (A_4's (2,2), A_7's (4,1,1,1)),
    into nothing smaller. `…_a` has the greater character at the element whose cycles are runs of
    consecutive points as long as λ's diagonal hooks: (0 1 2 3 4) for A_5.

    >>> {name: matrices.shape[-1] for name, matrices in irreps(5).items()}
    {'trivial': 1, 'standard': 4, 'a5_5d_a': 5, 'a5_3d_a': 3, 'a5_3d_b': 3}
    """
    found: dict[str, Tensor] = {}
    for partition in partitions(n):
        if partition == conjugate(partition):
            found |= _split(n, partition)
        elif partition > conjugate(partition):
            found[base_name(partition)] = _restricted(n, partition)
    return found


def conjugate(partition: Partition) -> Partition:
    """The partition whose diagram is mirrored: columns become rows.

    >>> conjugate((3, 1, 1)), conjugate((2, 2, 1))
    ((3, 1, 1), (3, 2))
    """
    return tuple(sum(part > column for part in partition) for column in range(partition[0]))


def base_name(partition: Partition) -> str:
    """The name of the restriction of λ (and of its conjugate λ′) to A_n, without the suffix of a half."""
    shape = max(partition, conjugate(partition))
    n = sum(shape)
    names = {(n,): "trivial", (n - 1, 1): "standard"} | _PUBLISHED.get(n, {})
    return names.get(shape, written(shape))


def _restricted(n: int, partition: Partition, frame: Tensor | None = None) -> Tensor:
    """Young's form on the even permutations, restricted to the columns of `frame` where one is given."""
    first, *others = orthogonal_form(partition)
    swap, *swaps = adjacent_transpositions(n)
    pairs = index_of(permutations_of(f"A{n}"), torch.stack([each[swap] for each in swaps]))
    products = [first @ other for other in others]
    if frame is not None:
        products = [frame.T @ product @ frame for product in products]
    return extended(group_named(f"A{n}"), dict(zip(pairs.tolist(), products, strict=True)))


def _split(n: int, partition: Partition) -> dict[str, Tensor]:
    frames = _halves(partition)
    if frames is None:
        return {base_name(partition): _restricted(n, partition)}
    halves = [_restricted(n, partition, frame) for frame in frames]
    element = int(index_of(permutations_of(f"A{n}"), _hook_cycles(partition)))
    halves.sort(key=lambda matrices: -float(matrices[element].trace()))
    return {f"{base_name(partition)}_{half}": each for half, each in zip("ab", halves, strict=True)}


def _halves(partition: Partition) -> list[Tensor] | None:
    """Orthonormal bases of the two invariant subspaces; None where they are not real.

    T: t ↦ sgn(t) t′ (t′ the mirrored tableau) changes sign with every odd permutation, so it commutes with
    A_n. Where T² = 1 its eigenspaces ±1 are the halves; where T² = −1 it is a complex structure.
    """
    tableaux = standard_tableaux(partition)
    mirror = [tableaux.index(_mirrored(tableau)) for tableau in tableaux]
    signs = [_sign(tableau) for tableau in tableaux]
    if signs[0] != signs[mirror[0]]:
        return None
    pairs = [(t, other) for t, other in enumerate(mirror) if t < other]
    frames = []
    for eigenvalue in (1, -1):
        frame = torch.zeros(len(tableaux), len(pairs), dtype=torch.float64)
        for column, (t, other) in enumerate(pairs):
            frame[t, column] = 0.5**0.5
            frame[other, column] = eigenvalue * signs[t] * 0.5**0.5
        frames.append(frame)
    return frames


def _mirrored(tableau: Tableau) -> Tableau:
    return tuple(column for _, column in cells(tableau))


def _sign(tableau: Tableau) -> int:
    """Sign of the permutation that the rows of a standard tableau spell; it changes when i and i+1 are swapped."""
    place = cells(tableau)
    word = sorted(range(len(place)), key=place.__getitem__)
    inversions = sum(a > b for i, a in enumerate(word) for b in word[i + 1 :])
    return 1 - 2 * (inversions % 2)


def _hook_cycles(partition: Partition) -> Tensor:
    """The permutation whose cycles are consecutive points, each as long as a diagonal hook of the diagram."""
    image: list[int] = []
    for i, part in enumerate(partition):
        if part > i:
            start, length = len(image), 2 * (part - i) - 1
            image += [start + (step + 1) % length for step in range(length)]
    return torch.tensor(image)
