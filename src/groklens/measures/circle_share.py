"""How much of the variance of words' states is on a circle in their order, beside other orders of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_fields
from groklens.harmonics import components, cyclic_orders, discrete_log, shares_of_orders
from groklens.hypotheses import Circuit
from groklens.measures.activation_spectrum import means_of_elements
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.measures.word_states import residual_site, word_values, words_of
from groklens.snapshots import Snapshot
from groklens.tasks import Words

#: What stands in an array of shares, in the order of its axis `labelling`.
LABELLINGS = ("own", "orders above", "median of orders", "highest of others", "alphabetical")
#: Taken out of the states by its name: where each word stands in the alphabet.
ALPHABET = "alphabet"
#: What is regressed out of the states: a number for every word.
Without = str | tuple[float, ...] | None
#: Shares that differ by less are equal: what float32 activations leave of them.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class CircleShare(Family):
    """Share of the variance of words' states in frequency 1 of their cyclic order, beside other orders (labelling).

    For `gl.tasks.Words`: states at the word's last token, averaged over templates (and over words of one element), and
    centred. `own` is the share in [0, 1] that two waves around the circle hold: 1 for states on an ellipse, 2 / (n − 1)
    where no order is meant, more by chance for unequal distances. It is read against the others: `orders above`, the
    share of the cyclic orders of the same words that give as much or more (all (n − 1)!/2 up to eight words, of more
    2,000 random ones; ties within rounding count as above): 0 where the circle is in the right order and no other.
    `median of orders` and `highest of others` are shares of variance under them, `alphabetical` that under the words'
    alphabetical order.

    Args:
        site: the hook looked at; None for the residual stream that leaves the last layer.
        frequency: how often the order goes round; 2 is Monday to Monday twice.
        without: a number for every word whose linear part is taken out of the states first: their log frequencies in a
            text, `tuple(np.log(counts))`, or `"alphabet"` for their places in the alphabet. Of seven words that is one
            of six directions: a circle loses of itself too, which the other orders say.
        seed: of the random orders.

    After Engels et al. (2024), arXiv:2405.14860, who find circles of weekdays and months by PCA; shares in place of
    pictures, and the orders as controls, are ours. Raises `BadArgument` for a task of other inputs, a group that is not
    cyclic, or fewer than four elements, which have one cyclic order.

    >>> gl.track(run, gl.measures.CircleShare("blocks.3.hook_resid_post"))  # doctest: +SKIP
    """

    site: str | None = None
    frequency: int = 1
    without: Without = None
    seed: int = 0

    about = About(
        "words' states on a circle",
        "share",
        (0, 1),
        "after Engels et al. 2024, arXiv:2405.14860, section 4; beside all cyclic orders of the words, or 2,000",
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
        return labelled(compared(on_circle(values, task, self.without), task, self.frequency, self.seed))


class Compared(NamedTuple):
    """Shares of one frequency in the words' own order and in others, and how many give as much.

    `best` is the order of those compared that gives most besides the own one, its elements as they stand around.
    """

    own: float
    above: int
    orders: int
    others: Float[Tensor, "order"]
    median: float
    alphabetical: float
    best: Int[Tensor, "position"]


def circle_of_numbers(
    task: Words, numbers: Sequence[float] | np.ndarray, frequency: int = 1, seed: int = 0
) -> xr.DataArray:
    """Share of the variance of a number for every word in one frequency, beside other orders, as in `CircleShare`.

    What a simpler explanation of a circle would be: of log frequencies in a text, `np.log(counts)`, it says whether how
    common words are goes round in their order. Where no order is above, neither is what a model does with them telling
    before it is taken out: `CircleShare(without=tuple(numbers))`.

    >>> circle_of_numbers(task, np.log(counts)).sel(labelling="orders above")  # doctest: +SKIP
    """
    states = _by_place(torch.tensor(_of_words(tuple(numbers), task))[:, None].double(), task)
    return labelled(compared(states, task, frequency, seed))


def on_circle(
    values: Float[Tensor, "input feature"],
    task: Words,
    without: Without = None,
    templates: Sequence[int] | None = None,
) -> Float[Tensor, "position feature"]:
    """Mean state of every element, as they stand around the circle, over all or some templates; float64."""
    by_template = values.double().unflatten(0, (len(task.templates), len(task.words)))
    states = by_template.mean(dim=0) if templates is None else by_template[list(templates)].mean(dim=0)
    if without is not None:
        numbers = torch.tensor(_of_words(without, task), dtype=torch.float64)
        states = _taken_out(states, numbers)
    return _by_place(states, task)


def compared(states: Float[Tensor, "position feature"], task: Words, frequency: int, seed: int) -> Compared:
    """The share in the words' own order, which is that of the positions, and in others of their orders."""
    n = len(states)
    waves = components(f"C{n}")
    if n < 4 or frequency not in waves:
        raise BadArgument(
            f"{task.name} have {n} elements: frequencies are 1 to {n // 2}, and fewer than four have one cyclic order "
            f"alone; found frequency {frequency}."
        )
    basis, (orders, all_of_them) = waves[frequency].basis, cyclic_orders(n, seed)
    own = float(shares_of_orders(states, basis, torch.arange(n)[None]))
    shares = shares_of_orders(states, basis, orders)
    others = shares[1:] if all_of_them else shares
    best = orders[int(others.argmax()) + all_of_them]
    alphabetical = float(shares_of_orders(states, basis, _alphabetical(task, n)[None]))
    above = int((others >= own - _ROUNDING).sum())
    return Compared(own, above, len(orders), others, float(shares.quantile(0.5)), alphabetical, best)


def labelled(found: Compared) -> xr.DataArray:
    """The numbers of a comparison by labelling."""
    highest = float(found.others.max())
    values = [found.own, found.above / found.orders, found.median, highest, found.alphabetical]
    return xr.DataArray(values, coords={"labelling": list(LABELLINGS)}, dims="labelling")


def place_of_word(task: Words) -> Int[Tensor, "word"]:
    """Where each word stands on the circle, 0 … n−1; `BadArgument` for a line, or a group that is not cyclic."""
    logs = None if task.group is None else discrete_log(task.group)
    if logs is None:
        what = (
            "numbers on a line"
            if task.group is None
            else f"elements of {task.group.name}, which is not cyclic"
        )
        raise BadArgument(
            f"{task.name} are {what}, so they stand on no circle; give group='C7', or as many as there are."
        )
    return logs[task.coordinate]


def _by_place(states: Float[Tensor, "word feature"], task: Words) -> Float[Tensor, "position feature"]:
    places = place_of_word(task)
    assert task.group is not None  # for the type checker
    return means_of_elements(states, places, task.group)


def _of_words(without: str | tuple[float, ...], task: Words) -> list[float]:
    """A number for every word: those given, or its place in the alphabet."""
    if without == ALPHABET:
        ranked = sorted(task.words, key=str.casefold)
        return [float(ranked.index(word)) for word in task.words]
    if isinstance(without, str) or len(without) != len(task.words):
        raise BadArgument(
            f"without is {described(without)} for {len(task.words)} words; give a number for each, as a tuple, or "
            f"{ALPHABET!r}."
        )
    return [float(each) for each in without]


def _taken_out(
    states: Float[Tensor, "word feature"], numbers: Float[Tensor, "word"]
) -> Float[Tensor, "word feature"]:
    """The states without their linear part in a number, which is nothing where the number is the same for all."""
    centred = numbers - numbers.mean()
    slopes = centred @ states / centred.square().sum().clamp_min(1e-300)
    return states - centred[:, None] * slopes


def _alphabetical(task: Words, n: int) -> Int[Tensor, "position"]:
    """The elements by the alphabet, of several words of an element by the first."""
    first: dict[int, str] = {}
    for word, place in zip(task.words, place_of_word(task).tolist(), strict=True):
        first[place] = min(first.get(place, word), word, key=str.casefold)
    return torch.tensor(sorted(range(n), key=lambda place: first[place].casefold()))
