"""Power of functions of two operands, such as neurons, by component: the two-dimensional transform."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.harmonics.component import ComponentName, components, nontrivial
from groklens.harmonics.projection import group_coefficients
from groklens.tasks.task import Symmetry


def grid_power(
    values: Float[Tensor, "input feature"], symmetry: Symmetry
) -> tuple[Float[Tensor, "component feature"], Float[Tensor, "feature"]]:
    """Power of each feature in each non-trivial component, and its total power, over the grid of operands.

    A function of (x, y) is expanded in products of basis functions; a component ρ owns the products whose
    factors are constant or ρ's, the constant × constant one excepted (Nanda et al. 2023, section 4.1: the
    degree-2 polynomials in the waves of one frequency). Products of two different components are in the
    total only. Rows follow `harmonics.nontrivial`; the mean over the grid is left out of the total.
    """
    n = symmetry.group.order
    cell = symmetry.elements[:, 0] * n + symmetry.elements[:, 1]
    grid = torch.zeros(n * n, values.shape[1], dtype=torch.float64)
    grid[cell] = values.double()
    grid = grid - grid.mean(dim=0)
    basis, owners = group_coefficients(symmetry.group)
    half = basis.T @ grid.view(n, -1)
    half = half.view(n, n, -1).transpose(0, 1).reshape(n, -1)  # second operand first
    squares = (basis.T @ half).view(n, n, -1).square()  # coefficient of y, of x, feature
    names = list(components(symmetry.group))
    membership = torch.stack([torch.tensor([owner == name for owner in owners]) for name in names])
    constant, rest = membership[0], membership[1:].double()
    alone = torch.einsum("cy,yf->cf", rest, squares[:, constant].sum(dim=1)) + torch.einsum(
        "cx,xf->cf", rest, squares[constant].sum(dim=0)
    )
    crossed = torch.stack([squares[rows][:, rows].sum(dim=(0, 1)) for rows in membership[1:]])
    return alone + crossed, grid.square().sum(dim=0)


def neuron_components(
    values: Float[Tensor, "input neuron"], symmetry: Symmetry, block: int = 64
) -> tuple[list[ComponentName], Float[Tensor, "neuron"], Float[Tensor, "component neuron"]]:
    """The component that explains most of each neuron, the share it explains, and all the shares.

    Shares lie in [0, 1]: 1 for a neuron that is a function of one component's waves of either operand, and
    about the component's number of products / n² for one without structure. A neuron that does not vary
    explains 0. Works through `block` neurons at a time so that memory stays bounded.
    """
    parts = [grid_power(chunk, symmetry) for chunk in values.split(block, dim=1)]
    power = torch.cat([part for part, _ in parts], dim=1)
    total = torch.cat([whole for _, whole in parts])
    shares = torch.where(total > 0, power / total.clamp_min(torch.finfo(torch.float64).tiny), 0.0)
    best, index = shares.max(dim=0)
    names = list(nontrivial(symmetry.group))
    return [names[i] for i in index.tolist()], best, shares


def shares_in(
    values: Float[Tensor, "input feature"],
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    relabellings: Sequence[Int[Tensor, "element"]] = (),
) -> tuple[dict[ComponentName, float], list[dict[ComponentName, float]]]:
    """Share of the features' summed power that each of `names` owns, as `grid_power` counts it.

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
