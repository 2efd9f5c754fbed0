"""Whether an order of vectors comes back to where it began, as a circle does and a line does not."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import open_waves, shares_of_orders

#: Shares that differ by less are equal: what float32 activations leave of them.
_ROUNDING = 1e-6


class Closure(NamedTuple):
    """What tells a circle from a line in the same order, cut open between its last vector and its first.

    `closing` is the squared distance from the last to the first over the mean of all pairs' and `neighbours` the mean
    of those of neighbours on the line, over the same: equal on a regular circle; near (or above) 1, beside few tenths,
    on a line. `open_line` is the share of variance in the slowest waves of a line, as many as the circle's.
    """

    closing: float
    neighbours: float
    open_line: float
    closed: bool


def closure(states: Float[Tensor, "position feature"], frequency: int, share: float) -> Closure:
    """The closure of states in the order of their positions, of whose variance `share` is in the circle's frequency.

    `closed` where the circle's waves hold more than the line's, and the closing pair's distance is nearer to that of
    neighbours than to the mean of all pairs. Of vectors without any order that is so in about one case of six: it is
    asked of an order that others do not equal. Vectors that are all one have distances of 1 and are not closed.

    >>> angle = torch.arange(8) * torch.pi / 4
    >>> closure(torch.stack([angle.cos(), angle.sin()], dim=1), 1, share=1.0).closed
    True
    >>> closure(torch.arange(8.0)[:, None], 1, share=0.65).closed
    False
    """
    n = len(states)
    # Not by cdist, which takes small distances from products of large numbers.
    squared = (states.double()[:, None] - states.double()[None]).square().sum(dim=-1)
    mean = float(squared.sum()) / (n * (n - 1))
    closing, neighbours = (
        (float(each) / mean if mean > 0 else 1.0) for each in (squared[0, -1], squared.diagonal(1).mean())
    )
    line = float(shares_of_orders(states, open_waves(n, frequency), torch.arange(n)[None]))
    comes_back = abs(closing - neighbours) < abs(closing - 1)
    return Closure(closing, neighbours, line, line < share - _ROUNDING and comes_back)
