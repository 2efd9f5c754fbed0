"""`Rows`: values that many inputs share, stored once, with the index that each input reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.utils.weak import WeakIdKeyDictionary


@dataclass(frozen=True)
class Rows:
    """A value for every run and input, written down once for all inputs that share it.

    `values` is run × row × feature. `index` (run · input) says which row of the flattened run · row each input
    reads; None where there is one row for all inputs of a run, or one for each.
    """

    values: Float[Tensor, "run row feature"]
    index: Int[Tensor, "read"] | None = None

    def map(self, function: Callable[[Tensor], Tensor]) -> Rows:
        """The same rows after `function`, which works on each by itself."""
        return Rows(function(self.values), self.index)

    @property
    def is_constant(self) -> bool:
        """Whether all inputs of a run share one row."""
        return self.index is None and self.values.shape[1] == 1

    def each(self) -> Float[Tensor, "run input feature"]:
        """The value of every input; one row, still, where they share it."""
        if self.index is None:
            return self.values
        read = _Read.apply(self.values.flatten(0, 1), self.index)
        return read.view(len(self.values), -1, self.values.shape[2])


@dataclass(frozen=True)
class TokensAt:
    """The tokens that stand at one position, each once, and which of them every input of every run holds."""

    tokens: Int[Tensor, "row"]
    place: Int[Tensor, "run input"] | None

    @cached_property
    def index(self) -> Int[Tensor, "read"] | None:
        """`place` among the rows of all runs, one run's after another's; None for a token that stands alone."""
        if self.place is None:
            return None
        first = torch.arange(len(self.place), device=self.place.device) * len(self.tokens)
        return (self.place + first[:, None]).flatten()

    def rows(self, values: Float[Tensor, "run row feature"]) -> Rows:
        """`values`, one row a token, as what the inputs read."""
        return Rows(values, self.index)

    def of(self, table: Float[Tensor, "run token feature"]) -> Float[Tensor, "run row feature"]:
        """The rows of these tokens in a table of all; torch's `IndexError` where it has not so many."""
        span = self._span
        return table[:, self.tokens if span is None or span.stop > table.shape[1] else span]

    @cached_property
    def _span(self) -> slice | None:
        """The tokens as a slice, where they follow each other: a view of the table needs no looking up. Else None."""
        first, after = int(self.tokens[0]), int(self.tokens[-1]) + 1
        return slice(first, after) if after - first == len(self.tokens) else None


class Positions(list[TokensAt]):
    """The tokens at each position of the inputs, and which of them every input reads there."""

    @cached_property
    def reads(self) -> Int[Tensor, "run pos input"]:
        """Which row each input reads at each position, where the rows of all positions follow one another."""
        firsts = accumulate((len(at.tokens) for at in self), initial=0)
        shape = max((at.place.shape for at in self if at.place is not None), default=(1, 1))
        places = [
            torch.zeros(shape, dtype=torch.long, device=at.tokens.device) if at.place is None else at.place
            for at in self
        ]
        return torch.stack([place + first for place, first in zip(places, firsts, strict=False)], dim=1)

    @cached_property
    def held(self) -> tuple[Int[Tensor, "row"], Int[Tensor, "pos row"]]:
        """The token in each row of `reads`, and its position as ones and zeros."""
        tokens = torch.cat([at.tokens for at in self])
        lengths = torch.tensor([len(at.tokens) for at in self], device=tokens.device)
        places = torch.arange(len(self), device=tokens.device).repeat_interleave(lengths)
        return tokens, F.one_hot(places).mT

    @property
    def is_read_from_one(self) -> bool:
        """Whether all inputs have the same token last, and others before it."""
        return self[-1].place is None and any(at.place is not None for at in self)


#: What enters the quick pass: tokens, `Positions`, or features, run × input × feature.
Entering = Positions | Float[Tensor, "run input feature"]


def entering(inputs: Tensor) -> Entering:
    """Inputs of runs as the quick pass takes them: tokens written down once, features as they are."""
    return inputs if inputs.is_floating_point() else tokens_at_each_position(inputs)


def tokens_at_each_position(tokens: Int[Tensor, "run input pos"]) -> Positions:
    """What `tokens` holds at each position: for a separator one token, and no index."""
    found = Positions()
    for column in tokens.unbind(dim=2):
        once, inverse = _once(column)
        found.append(TokensAt(once, None if len(once) == 1 else inverse))
    return found


def _once(tokens: Int[Tensor, "*input"]) -> tuple[Int[Tensor, "row"], Int[Tensor, "*input"]]:
    """The tokens that are there, rising, and the place of each input's among them; `unique` would sort the inputs."""
    is_there = torch.zeros(int(tokens.max()) + 1, dtype=torch.bool, device=tokens.device)
    is_there[tokens] = True
    return is_there.nonzero()[:, 0], (is_there.cumsum(0) - 1)[tokens]


#: Of each index that is in use on a card: what is read, row by row, and where each row begins and ends.
_BY_ROW = WeakIdKeyDictionary()


def sum_by_row(
    values: Float[Tensor, "read feature"], index: Int[Tensor, "read"], n_rows: int
) -> Float[Tensor, "row feature"]:
    """The sum of what was read of each row: the gradient of looking rows up, the same to the bit every time."""
    if not values.is_cuda:
        return values.new_zeros(n_rows, values.shape[1]).index_add_(0, index, values)
    # A card adds at once what falls on one row, in any order: here each row is summed by one hand, one after another.
    if index not in _BY_ROW:
        lengths = torch.bincount(index, minlength=n_rows)
        _BY_ROW[index] = index.argsort(stable=True), F.pad(lengths.cumsum(0), (1, 0))
    order, offsets = _BY_ROW[index]
    return torch.segment_reduce(values.index_select(0, order), "sum", offsets=offsets, unsafe=True, initial=0)


class _Read(Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor) -> Tensor:
        ctx.index, ctx.n_rows = index, len(rows)
        return rows.index_select(0, index)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_read: Tensor) -> tuple[Tensor, None]:
        return sum_by_row(of_read, ctx.index, ctx.n_rows), None
