"""The fast pass of one layer over a grid of two operands, where what neurons receive is a sum of table look-ups.

With one query for all inputs, attention mixes values by weights that depend on the operands, and values on one of them
each: z(x, y) = Σ_h a_h(x, y) v_h(x) + b_h(x, y) v_h(y) + a constant key's. Whatever reads z linearly is therefore, for
one x, a product of as many rows as there are heads with x's table, and for one y with y's: 2 · heads multiplications
for each neuron of each input in place of d_model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from groklens.memory import BUDGETS, rows_within
from groklens.models.fast_pass.products import added_product
from groklens.models.fast_pass.rows import TokensAt

#: Some inputs, their logits and their neurons.
GridBlock = tuple[slice, Float[Tensor, "row answer"], Float[Tensor, "row neuron"] | None]


@dataclass(frozen=True)
class Grid:
    """Which two positions hold the operands of inputs in the order of a grid, and which of its cells these are.

    `first` is the position of the operand that changes slowest; the inputs are those from cell `start` on, `count` of
    them, of the rows of `first`'s tokens.
    """

    first: int
    second: int
    start: int
    count: int


def grid_of(tokens_at: Sequence[TokensAt]) -> Grid | None:
    """How these inputs of one run stand on a grid, several rows of it; None where they do not."""
    varied = [position for position, at in enumerate(tokens_at) if at.index is not None]
    if len(varied) != 2:
        return None
    x, y = (tokens_at[position].index for position in varied)
    assert x is not None
    assert y is not None
    n_rows, n_columns = (len(tokens_at[position].tokens) for position in varied)
    place = torch.arange(len(y), device=y.device) + y[0]
    # Cells more than half of which would be computed for nothing are no gain.
    if n_rows * n_columns > 2 * len(y) or not bool(
        ((y == place % n_columns) & (x == place // n_columns)).all()
    ):
        return None
    first, second = varied
    return Grid(first, second, int(y[0]), len(y))


@dataclass(frozen=True)
class GridPass:
    """One layer on a grid, ready to run on any of its rows: how much of each table its cells read, and the tables.

    `of_x` (x × y × read) and `tables_x` (x × read × feature) belong to the operand that changes slowest and to what is
    the same for all cells, `of_y` (y × x × head) and `tables_y` (y × head × feature) to the other. Features are what
    neurons receive, then what skips them; `back` (output × neuron) is what neurons write; None without.
    """

    grid: Grid
    of_x: Tensor
    tables_x: Tensor
    of_y: Tensor
    tables_y: Tensor
    back: Tensor | None
    activation: Callable[[Tensor], Tensor] | None

    @torch.no_grad()
    def blocks(self, most: int | None = None) -> Iterator[GridBlock]:
        """Logits and neurons at the answer, computed in blocks of rows that stay in the cache.

        What is given at a time is at most `most` inputs; what is computed at a time does not depend on it, so that
        no bit does.
        """
        n_rows, n_columns, width = *self.of_x.shape[:2], self.tables_x.shape[2]
        size = rows_within(n_rows, self.tables_x.element_size() * n_columns * width, BUDGETS.grid_pass)
        for first in range(0, n_rows, size):
            cells = slice(first * n_columns, (first + size) * n_columns)
            start, stop = (
                max(0, min(self.grid.count, cell - self.grid.start)) for cell in (cells.start, cells.stop)
            )
            if start < stop:
                logits, neurons = self._answers(slice(first, first + size))
                before = cells.start - self.grid.start
                for at in range(start, stop, most or stop - start):
                    piece = slice(at, min(stop, at + (most or stop - start)))
                    own = slice(piece.start - before, piece.stop - before)
                    yield piece, logits[own], None if neurons is None else neurons[own]

    def whole(self) -> tuple[Float[Tensor, "input answer"], Float[Tensor, "input neuron"] | None]:
        """Logits and neurons of all inputs."""
        _, logits, neurons = zip(*self.blocks(), strict=True)
        return torch.cat(logits), None if neurons[0] is None else torch.cat(neurons)

    def _answers(self, rows: slice) -> tuple[Tensor, Tensor | None]:
        mixed = torch.bmm(self.of_x[rows], self.tables_x[rows])
        mixed += torch.bmm(self.of_y[:, rows], self.tables_y).transpose(0, 1)
        mixed = mixed.flatten(0, 1)
        if self.back is None or self.activation is None:
            return mixed, None
        received, skipped = mixed.tensor_split([self.back.shape[1]], dim=1)
        neurons = received.relu_() if self.activation is F.relu else self.activation(received)
        return added_product(skipped, neurons, self.back), neurons


def grid_pass(
    scores: Sequence[Float[Tensor, "_ head"]],
    tables: Sequence[Float[Tensor, "head _ feature"]],
    bias: Float[Tensor, "feature"],
    back: Float[Tensor, "output neuron"] | None,
    activation: Callable[[Tensor], Tensor] | None,
    grid: Grid,
) -> GridPass:
    """The pass of bias + Σ_key Σ_head softmax_key(score) · table, by key a row for each token of its position.

    `tables` say what is read of each token's values by what reads them linearly: neurons, and what skips them.
    """
    x, y = grid.first, grid.second
    shared = [key for key in range(len(scores)) if key not in (x, y)]
    placed = [each[:, None] if key == x else each[None] for key, each in enumerate(scores)]
    shares = torch.stack(torch.broadcast_tensors(*placed)).softmax(dim=0)
    parts = [shares[key] for key in (x, *shared)]
    of_x = torch.cat([*parts, shares.new_ones(*shares.shape[1:3], 1)], dim=2)
    constant = torch.cat([*(tables[key][:, 0] for key in shared), bias[None]])
    tables_x = torch.cat([tables[x].transpose(0, 1), constant.expand(len(of_x), -1, -1)], dim=1)
    of_y, tables_y = (each.transpose(0, 1).contiguous() for each in (shares[y], tables[y]))
    return GridPass(grid, of_x, tables_x, of_y, tables_y, back, activation)
