"""Functions of two operands, such as neurons, in a few components: their share, and what they leave."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.harmonics.component import ComponentName, components
from groklens.tasks.task import Symmetry


def shares_in(
    values: Float[Tensor, "input feature"],
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    relabellings: Sequence[Int[Tensor, "element"]] = (),
) -> tuple[dict[ComponentName, float], list[dict[ComponentName, float]]]:
    """Share of the features' summed power that each of `names` owns, as `GridPower` counts it.

    With it, the same under each of `relabellings` of the elements: permutations drawn at random give the
    shares that components have where the labels mean nothing.
    """
    cube = _centred_grid(values, symmetry)
    total = float(cube.double().square().sum())
    bases = {name: _with_constant(symmetry, name).to(cube.dtype) for name in names}

    def share(basis: Tensor) -> float:
        power = torch.einsum("yv,uyf->uvf", basis, torch.einsum("xu,xyf->uyf", basis, cube))
        return float(power.double().square().sum()) / total if total > 0 else 0.0

    own = {name: share(basis) for name, basis in bases.items()}
    # Renaming the elements of the grid is renaming them in the basis, which is smaller.
    return own, [{name: share(basis[order]) for name, basis in bases.items()} for order in relabellings]


def without_components(
    values: Float[Tensor, "input feature"],
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    relabelling: Int[Tensor, "element"] | None = None,
) -> Float[Tensor, "input feature"]:
    """What is left of features when the power that `shares_in` gives to `names`, and the mean, are taken out.

    `relabelling` renames the elements first, as for `shares_in`.
    """
    cube = _centred_grid(values, symmetry)
    rest = cube.clone()
    for name in names:
        basis = _with_constant(symmetry, name).to(cube.dtype)
        basis = basis if relabelling is None else basis[relabelling]
        inner = torch.einsum("yv,uyf->uvf", basis, torch.einsum("xu,xyf->uyf", basis, cube))
        rest -= torch.einsum("yv,uvf,xu->xyf", basis, inner, basis)
    return rest[symmetry.elements[:, 0], symmetry.elements[:, 1]]


def _centred_grid(values: Tensor, symmetry: Symmetry) -> Float[Tensor, "element element feature"]:
    n = symmetry.group.order
    grid = torch.zeros(n * n, values.shape[1], dtype=values.dtype)
    grid[symmetry.elements[:, 0] * n + symmetry.elements[:, 1]] = values
    return (grid - grid.mean(dim=0)).view(n, n, -1)


def _with_constant(symmetry: Symmetry, name: ComponentName) -> Float[Tensor, "element function"]:
    """A component's functions beside the constant one: what either operand may contribute to its products."""
    n = symmetry.group.order
    constant = torch.full((n, 1), n**-0.5, dtype=torch.float64)
    return torch.cat([constant, components(symmetry.group)[name].basis], dim=1)
