"""Power of functions of two operands (such as neurons) in each component of a group, from one pass over the inputs."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.harmonics.component import ComponentName, component_power, nontrivial, nontrivial_functions
from groklens.memory import BUDGETS

#: Features taken in at once: of more, few rows would fit, and what is kept of all be gone through for each few.
_WIDTH = 1024


class GridPower:
    """Power of features in each non-trivial component, and in total, over the grid of operand pairs.

    A function of (x, y) is expanded in products of basis functions; a component ρ owns the products whose
    factors are constant or ρ's, the constant × constant one excepted (Nanda et al. 2023, section 4.1: the
    degree-2 polynomials in the waves of one frequency). Products of two different components are in the
    total only; the mean over the grid is in neither.

    Rows of inputs are added in blocks, in any order, and forgotten: what is kept is linear in the features,
    besides their sum of squares. Products with a constant factor need the sums over the inputs that share x,
    or y. In an abelian group, products of two factors of one component are its functions of x∘y and of
    x∘y⁻¹ (2 cos a cos b = cos(a+b) + cos(a−b)), so that two more sums do; in any other each has a coefficient.
    """

    def __init__(self, symmetry: Symmetry, n_features: int) -> None:
        group, n = symmetry.group, symmetry.group.order
        x, y = symmetry.elements.unbind(dim=1)
        self._group = group
        self._counted, self._is_whole = _last_of_each_cell(x * n + y, n * n)
        self._all_count = bool(self._counted.all())
        keys = [x, y]
        if group.is_abelian:
            keys += [group.table[x, y], group.table[x, group.inverses[y]]]
        self._keys = torch.stack(keys)
        self._sums = torch.zeros(len(keys), n, n_features, dtype=torch.float64)
        self._squares = torch.zeros(n_features, dtype=torch.float64)
        self._origin: Tensor | None = None
        self._room = torch.empty(
            0, dtype=torch.float64
        )  # the same memory for every block, which stays in the cache
        self._crossed = None if group.is_abelian else _Crossed(symmetry, n_features)

    def add(self, rows: slice, values: Float[Tensor, "row feature"]) -> None:
        """Add the features of the inputs `rows`."""
        if self._origin is None:
            # Values near zero lose no digits in sums; of a grid with gaps zero is the value there, and stays.
            self._origin = values[0].double() * self._is_whole
        keys = self._keys[:, rows]
        if not self._all_count:
            counted = self._counted[rows]
            keys, values = keys[:, counted], values[counted]
        width = max(1, min(_WIDTH, values.shape[1]))
        step = max(1, BUDGETS.grid // (8 * width))
        self._room.resize_(min(step, len(values)) * width)
        for first in range(0, values.shape[1], _WIDTH):
            some = slice(first, first + _WIDTH)
            for start in range(0, len(values), step):
                part = values[start : start + step, some]
                centred = self._room[: part.numel()].view(part.shape).copy_(part).sub_(self._origin[some])
                self._add(keys[:, start : start + step], some, centred)

    def _add(self, keys: Tensor, features: slice, values: Float[Tensor, "row feature"]) -> None:
        for sums, key in zip(self._sums, keys, strict=True):
            sums[:, features].index_add_(0, key, values)
        if self._crossed is not None:
            self._crossed.add(keys[0], keys[1], features, values)
        self._squares[features] += values.square_().sum(dim=0)

    def power(self) -> tuple[Float[Tensor, "component feature"], Float[Tensor, "feature"]]:
        """Power in each component, in the order of `harmonics.nontrivial`, and in total."""
        n = self._group.order
        power = component_power(self._sums[0], self._group) + component_power(self._sums[1], self._group)
        if self._crossed is None:
            of_product, of_quotient = (component_power(sums, self._group) for sums in self._sums[2:])
            sizes = torch.tensor([part.size for part in nontrivial(self._group).values()])
            # A sign of x∘y is that of x∘y⁻¹, and counts once.
            power += of_product + torch.where(sizes[:, None] == 1, 0.0, of_quotient)
        power /= n
        if self._crossed is not None:
            power += self._crossed.power()
        total = self._squares - (self._sums[0].sum(dim=0) / n).square()
        return power, total.clamp_min(0)

    def shares(
        self,
    ) -> tuple[list[ComponentName], Float[Tensor, "feature"], Float[Tensor, "component feature"]]:
        """The component that explains most of each feature, the share it explains, and the shares of all components.

        Shares lie in [0, 1]: 1 for a feature that is a function of one component's waves of either operand,
        and about the component's number of products / n² for one without structure. A feature that does not
        vary explains 0.
        """
        power, total = self.power()
        shares = torch.where(total > 0, power / total.clamp_min(torch.finfo(torch.float64).tiny), 0.0)
        best, index = shares.max(dim=0)
        names = list(nontrivial(self._group))
        return [names[i] for i in index.tolist()], best, shares


class _Crossed:
    """Coefficients of products whose two factors belong to the same component, for any group.

    All rows with one x are transformed over y at once, and then over x into the component's own functions.
    """

    def __init__(self, symmetry: Symmetry, n_features: int) -> None:
        self._basis, _ = nontrivial_functions(symmetry.group)
        sizes = [part.size for part in nontrivial(symmetry.group).values()]
        ends = torch.tensor(sizes).cumsum(dim=0).tolist()
        self._own = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        self._coefficients = [torch.zeros(s, s, n_features, dtype=torch.float64) for s in sizes]

    def add(
        self,
        x: Int[Tensor, "row"],
        y: Int[Tensor, "row"],
        features: slice,
        values: Float[Tensor, "row feature"],
    ) -> None:
        n = len(self._basis)
        seen, place = x.unique(return_inverse=True)
        grid = torch.zeros(len(seen) * n, values.shape[1], dtype=torch.float64)
        half = self._basis.T @ grid.index_add_(0, place * n + y, values).view(len(seen), n, values.shape[1])
        for own, coefficients in zip(self._own, self._coefficients, strict=True):
            coefficients[..., features] += torch.einsum("xu,xvf->uvf", self._basis[seen, own], half[:, own])

    def power(self) -> Float[Tensor, "component feature"]:
        return torch.stack([coefficients.square().sum(dim=(0, 1)) for coefficients in self._coefficients])


def neuron_components(
    values: Float[Tensor, "input neuron"], symmetry: Symmetry
) -> tuple[list[ComponentName], Float[Tensor, "neuron"], Float[Tensor, "component neuron"]]:
    """`GridPower.shares` of neurons that are held in memory whole."""
    power = GridPower(symmetry, values.shape[1])
    power.add(slice(0, len(values)), values)
    return power.shares()


def _last_of_each_cell(cell: Int[Tensor, "input"], n_cells: int) -> tuple[Tensor, bool]:
    """Which inputs count (the last of several in one cell of the grid), and whether every cell has one."""
    index = torch.arange(len(cell))
    last = torch.full((n_cells,), -1).scatter_reduce_(0, cell, index, "amax")
    return last[cell] == index, bool((last >= 0).all())
