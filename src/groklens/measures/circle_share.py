"""How much of the variance of words' states goes round in their cyclic order, beside other orders of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from groklens.errors import whole_fields
from groklens.hypotheses import Circuit
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.measures.shared_tokens import warn_of_shared_tokens
from groklens.measures.word_orders import (
    Compared,
    Without,
    by_position,
    compared,
    numbers_of_words,
    on_circle,
)
from groklens.measures.word_states import residual_site, word_values, words_of
from groklens.snapshots import Snapshot
from groklens.tasks import Words

#: What stands in an array of shares, in the order of its axis `labelling`.
LABELLINGS = (
    "own", "orders above", "median of orders", "highest of others", "alphabetical", "open line", "closing",
    "neighbours",
)  # fmt: skip
#: Where a warning points that is given by `value`, which `Family` calls: at the user.
_CALLER = 3


@dataclass(frozen=True)
class CircleShare(Family):
    """Share of the variance of words' states in frequency 1 of their cyclic order, beside other orders (labelling).

    For `gl.tasks.Words`: states at the word's last token, averaged over templates (and over words of one element), and
    centred. `own` is the share in [0, 1] that two waves around the circle hold: 1 for states on an ellipse, 2 / (n − 1)
    where no order is meant, more by chance for unequal distances. It is read against the others: `orders above`, the
    share of the cyclic orders of the same words that give as much or more (all (n − 1)!/2 up to eight words, of more
    2,000 random ones; ties within rounding count as above): 0 where the words are in this order and no other.
    `median of orders` and `highest of others` are shares of variance under them, `alphabetical` that under the words'
    alphabetical order.

    **An order is no circle yet**: of numbers along a line no other order gives as much either. A circle comes back to
    its first element. `open line` is the share of variance in the two slowest waves of a line, the order cut open
    before its first element (cos(πk(j + ½)/n), k = 1 and 2; k = 2f − 1 and 2f of frequency f), which on a circle is
    below `own`. `closing` is the squared distance from the last element to the first, `neighbours` the mean one between
    neighbours on the line, over the mean of all pairs: equal on a circle, 0.32 for seven words; on a line `closing` is
    above 1. Both are asked for: `gl.measures.circles_by_layer` says `closed`. Words that end in one token are warned of
    and stand in `attrs["shared_tokens"]`.

    Args:
        site: the hook looked at; None for the residual stream that leaves the last layer.
        frequency: how often the order goes round; 2 is Monday to Monday twice.
        without: a number for every word whose linear part is taken out of the states first: their log frequencies in a
            text, `tuple(np.log(counts))`, or `"alphabet"` for their places in the alphabet. Of seven words that is one
            of six directions: a circle loses of itself too, which the other orders say.
        seed: of the random orders.

    After Engels et al. (2024), arXiv:2405.14860, who find circles of weekdays and months by PCA; shares in place of
    pictures, the orders and the line as controls, are ours. Raises `BadArgument` for a task of other
    inputs, a group that is not cyclic, or fewer than four elements, which have one cyclic order.

    >>> gl.track(run, gl.measures.CircleShare("blocks.3.hook_resid_post"))  # doctest: +SKIP
    """

    site: str | None = None
    frequency: int = 1
    without: Without = None
    seed: int = 0

    about = About(
        "words' states in their cyclic order",
        "share",
        (0, float("inf")),
        "after Engels et al. 2024, arXiv:2405.14860, section 4; beside all cyclic orders of the words, or 2,000, and a "
        "line",
        "all",
        ("words",),
    )

    def __post_init__(self) -> None:
        whole_fields(self, "frequency", least=1)
        whole_fields(self, "seed", least=0)

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """The shares, by labelling."""
        del circuit
        task = words_of(snapshot)
        values = word_values(snapshot, residual_site(snapshot) if self.site is None else self.site)
        found = compared(on_circle(values, task, self.without), task, self.frequency, self.seed)
        return labelled(found).assign_attrs(shared_tokens=warn_of_shared_tokens(task, _CALLER))


def circle_of_numbers(
    task: Words, numbers: Sequence[float] | np.ndarray, frequency: int = 1, seed: int = 0
) -> xr.DataArray:
    """Share of the variance of a number for every word in one frequency, beside other orders, as in `CircleShare`.

    What a simpler explanation of a circle would be: of log frequencies in a text, `np.log(counts)`, it says whether how
    common words are goes round in their order. Where no order is above, neither is what a model does with them telling
    before it is taken out: `CircleShare(without=tuple(numbers))`.

    >>> circle_of_numbers(task, np.log(counts)).sel(labelling="orders above")  # doctest: +SKIP
    """
    states = by_position(torch.tensor(numbers_of_words(tuple(numbers), task))[:, None].double(), task)
    return labelled(compared(states, task, frequency, seed))


def labelled(found: Compared) -> xr.DataArray:
    """The numbers of a comparison by labelling."""
    highest = float(found.others.max())
    closes = found.closure
    values = [found.own, found.above / found.orders, found.median, highest, found.alphabetical]
    values += [closes.open_line, closes.closing, closes.neighbours]
    return xr.DataArray(values, coords={"labelling": list(LABELLINGS)}, dims="labelling")
