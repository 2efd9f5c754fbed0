"""Words' states by their cyclic order, and the share of their variance in one frequency of it and of other orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.harmonics import components, cyclic_orders, discrete_log, shares_of_orders
from groklens.measures.activation_spectrum import means_of_elements
from groklens.measures.closure import Closure, closure
from groklens.tasks import Words

#: Taken out of the states by its name: where each word stands in the alphabet.
ALPHABET = "alphabet"
#: What is regressed out of the states: a number for every word.
Without = str | tuple[float, ...] | None
#: Shares that differ by less are equal: what float32 activations leave of them.
_ROUNDING = 1e-6


class Compared(NamedTuple):
    """Shares of one frequency in the words' own order and in others, how many give as much, and whether it closes.

    `best` is the order of those compared that gives most besides the own one, its elements as they stand around.
    """

    own: float
    above: int
    orders: int
    others: Float[Tensor, "order"]
    median: float
    alphabetical: float
    best: Int[Tensor, "position"]
    closure: Closure


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
        numbers = torch.tensor(numbers_of_words(without, task), dtype=torch.float64)
        states = _taken_out(states, numbers)
    return by_position(states, task)


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
    # Of a frequency that divides n, some orders have the very functions of the own one: they are no other.
    orders = orders[shares_of_orders(basis, basis, orders) < 1 - _ROUNDING]
    others = shares_of_orders(states, basis, orders)
    best = orders[int(others.argmax())]
    alphabetical = float(shares_of_orders(states, basis, _alphabetical(task, n)[None]))
    above = int((others >= own - _ROUNDING).sum())
    shares = torch.cat([others.new_tensor([own]), others]) if all_of_them else others
    median, closes = float(shares.quantile(0.5)), closure(states, frequency, own)
    return Compared(own, above, len(shares), others, median, alphabetical, best, closes)


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


def by_position(states: Float[Tensor, "word feature"], task: Words) -> Float[Tensor, "position feature"]:
    """Mean state of every element, from one for every word, as they stand around the circle."""
    places = place_of_word(task)
    assert task.group is not None  # for the type checker
    return means_of_elements(states, places, task.group)


def numbers_of_words(without: str | tuple[float, ...], task: Words) -> list[float]:
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
