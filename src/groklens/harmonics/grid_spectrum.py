"""Functions of two operands (such as neurons) restricted to a few components: the share in them, and the remainder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.harmonics.component import ComponentName, components
from groklens.memory import BUDGETS


def shares_in(
    values: Float[Tensor, "input feature"],
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    relabellings: Sequence[Int[Tensor, "element"]] = (),
) -> tuple[dict[ComponentName, float], list[dict[ComponentName, float]]]:
    """Share of the features' summed power that each of `names` holds, as counted by `GridPower`.

    With it, the same under each of `relabellings` of the elements: permutations drawn at random give the
    shares that components have where the labels mean nothing.
    """
    bases = [_with_constant(symmetry, name).to(values.dtype) for name in names]
    ends = accumulate((basis.shape[1] for basis in bases), initial=0)
    own, basis = [slice(*pair) for pair in pairwise(ends)], torch.cat(bases, dim=1)
    # Renaming the elements of the grid is renaming them in the basis, which is smaller.
    labelled = [basis, *(basis[order] for order in relabellings)]
    power, total = torch.zeros(len(labelled), len(names), dtype=torch.float64), 0.0
    for _, cube in _centred_grids(values, symmetry):
        total += float(cube.double().square().sum())
        for labelling, functions in enumerate(labelled):
            half = torch.einsum("xu,xyf->uyf", functions, cube)
            for name, part in enumerate(own):
                coefficients = functions[:, part].mT @ half[part]
                power[labelling, name] += coefficients.double().square().sum()
    shares = power / total if total > 0 else power
    first, *others = (dict(zip(names, row, strict=True)) for row in shares.tolist())
    return first, others


def without_components(
    values: Float[Tensor, "input feature"],
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    relabelling: Int[Tensor, "element"] | None = None,
) -> Float[Tensor, "input feature"]:
    """The features without their mean and without the power that `shares_in` assigns to `names`.

    `relabelling` renames the elements first, as for `shares_in`.
    """
    rest = torch.empty_like(values)
    bases = [_with_constant(symmetry, name, relabelling).to(values.dtype) for name in names]
    for features, cube in _centred_grids(values, symmetry):
        left = cube.clone() if len(bases) > 1 else cube
        for basis in bases:
            left -= _expanded(_coefficients(cube, basis), basis)
        rest[:, features] = left[symmetry.elements[:, 0], symmetry.elements[:, 1]]
    return rest


class ComponentPart:
    """The part of features that `without_components` removes for one component, read out by `read`, by labelling."""

    def __init__(
        self,
        values: Float[Tensor, "input feature"],
        symmetry: Symmetry,
        name: ComponentName,
        read: Float[Tensor, "feature output"],
    ) -> None:
        self._symmetry, self._name, self._read = symmetry, name, read
        self._grids = list(_centred_grids(values, symmetry))

    def on_grid(
        self, relabelling: Int[Tensor, "element"] | None = None
    ) -> Float[Tensor, "element element output"]:
        """The part at every pair of elements, where `relabelling` renames them first."""
        return summed_on_grid([self], relabelling)

    def factors(
        self, relabelling: Int[Tensor, "element"] | None = None
    ) -> tuple[Float[Tensor, "element function"], Float[Tensor, "function element output"]]:
        """The part as a sum of products: functions of the first element, and the factor of the second for each."""
        basis = _with_constant(self._symmetry, self._name, relabelling).to(self._read.dtype)
        coefficients = self._read.new_zeros(basis.shape[1], basis.shape[1], self._read.shape[1])
        for features, cube in self._grids:
            coefficients += _coefficients(cube, basis) @ self._read[features]
        return basis, basis @ coefficients


def summed_on_grid(
    parts: Sequence[ComponentPart], relabelling: Int[Tensor, "element"] | None = None
) -> Float[Tensor, "element element output"]:
    """The sum of parts at every pair of elements, where `relabelling` renames them first: one product for them all."""
    bases, others = zip(*(part.factors(relabelling) for part in parts), strict=True)
    return torch.einsum("xu,uyf->xyf", torch.cat(bases, dim=1), torch.cat(others))


def component_part(
    values: Float[Tensor, "input feature"],
    symmetry: Symmetry,
    name: ComponentName,
    relabelling: Int[Tensor, "element"] | None,
    read: Float[Tensor, "feature output"],
) -> Float[Tensor, "input output"]:
    """The part of the features that `without_components` removes for one component, read out by `read`."""
    found = ComponentPart(values, symmetry, name, read).on_grid(relabelling)
    return found[symmetry.elements[:, 0], symmetry.elements[:, 1]]


def _centred_grids(
    values: Float[Tensor, "input feature"], symmetry: Symmetry
) -> Iterator[tuple[slice, Float[Tensor, "element element feature"]]]:
    """Features in batches as centred functions of both operands, with their indices."""
    n = symmetry.group.order
    cell = symmetry.elements[:, 0] * n + symmetry.elements[:, 1]
    step = max(1, BUDGETS.grid // (values.element_size() * n * n))
    for start in range(0, values.shape[1], step):
        some = values[:, start : start + step]
        grid = values.new_zeros(n * n, some.shape[1])
        grid[cell] = some
        yield slice(start, start + step), (grid - grid.mean(dim=0)).view(n, n, -1)


def _coefficients(
    cube: Float[Tensor, "element element feature"], basis: Float[Tensor, "element function"]
) -> Float[Tensor, "function function feature"]:
    return basis.mT @ torch.einsum("xu,xyf->uyf", basis, cube)


def _expanded(
    coefficients: Float[Tensor, "function function feature"], basis: Float[Tensor, "element function"]
) -> Float[Tensor, "element element feature"]:
    return torch.einsum("xu,uyf->xyf", basis, basis @ coefficients)


def _with_constant(
    symmetry: Symmetry, name: ComponentName, relabelling: Int[Tensor, "element"] | None = None
) -> Float[Tensor, "element function"]:
    """A component's functions together with the constant one: the factors of its products."""
    n = symmetry.group.order
    constant = torch.full((n, 1), n**-0.5, dtype=torch.float64)
    functions = torch.cat([constant, components(symmetry.group)[name].basis], dim=1)
    return functions if relabelling is None else functions[relabelling]
