"""`Neurons` and `Heads`: the hypotheses that a model computes with some units of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from groklens.claims import DRAWS, how_many
from groklens.errors import BadArgument, described, whole_number
from groklens.hypotheses.hypothesis import Act, Null, equal_energy
from groklens.hypotheses.values import values_at
from groklens.snapshots import Snapshot


@dataclass(frozen=True, init=False)
class Neurons:
    """The hypothesis that a model computes with some neurons of its last MLP.

    Kept: every other neuron is held at its mean over the inputs; removed: these are. Compared with random sets of as
    many neurons. Raises `BadArgument` for none, or one named twice.

    >>> Neurons([3, 0]).in_words
    '2 neurons'
    """

    index: tuple[int, ...]

    def __init__(self, index: Iterable[int] | Tensor | int | Any) -> None:
        object.__setattr__(self, "index", tuple(_numbers("neurons", index)))

    @property
    def in_words(self) -> str:
        """How many neurons, such as `2 neurons`."""
        return how_many(len(self.index), "neuron")

    def sites(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The last MLP's neurons; `BadArgument` for a model without them, or with fewer than are named."""
        count = values_at(snapshot, "neurons").shape[1]
        _check_below("neuron", self.index, count)
        return ("neurons",)

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """How these neurons vary about their means; 0 for the others."""
        part = torch.zeros_like(values)
        own = values[:, list(self.index)]
        part[:, list(self.index)] = own - own.mean(dim=0)
        return part

    def nulls(self, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
        """As many random neurons: others where there are as many, else any; none where all are meant."""
        pool, done = self.pool(snapshot), "kept" if act == "keep" else "mean-ablated"
        if not len(pool):
            return []
        name = f"as many random neurons {done}"
        return [Null("random_neurons", name, lambda g: self._other(pool, g))]

    def _other(self, pool: Tensor, generator: torch.Generator) -> Neurons:
        while True:
            other = Neurons(some(pool, len(self.index), generator))
            if set(other.index) != set(self.index):
                return other

    def pool(self, snapshot: Snapshot) -> Tensor:
        """The neurons that random sets are drawn from; none where the hypothesis has them all."""
        n = values_at(snapshot, "neurons").shape[1]
        others = without(n, torch.tensor(self.index))
        if not len(others):
            return others
        return others if len(others) >= len(self.index) else torch.arange(n)


@dataclass(frozen=True, init=False)
class Heads:
    """The hypothesis that a model computes with some attention heads, each a pair (layer, head).

    Kept: what every other head gives (`hook_z`) is held at its mean over the inputs, position by position; removed:
    what these give is. Compared with other sets of as many heads, and a change of equal energy spread over all.
    Heads go by pairs, or by the names that tables have (`["0.3"]`). Raises `BadArgument` for none, or one named twice.

    >>> Heads([(0, 3)]).in_words
    'head 0.3'
    """

    heads: tuple[tuple[int, int], ...]

    def __init__(self, heads: Iterable[Sequence[int]] | Any) -> None:
        listed: Any = (
            [heads] if isinstance(heads, str) else list(heads) if isinstance(heads, Iterable) else []
        )
        listed = [_by_name(each) if isinstance(each, str) else each for each in listed]
        if not listed or any(not isinstance(each, (tuple, list)) or len(each) != 2 for each in listed):
            raise BadArgument(f"heads is {described(heads)}; give pairs (layer, head), such as [(0, 3)].")
        found = [tuple(whole_number("a head", one, 0, such_as=3) for one in each) for each in listed]
        if len(set(found)) < len(found):
            raise BadArgument(f"heads is {described(heads)}; name each head once.")
        object.__setattr__(self, "heads", tuple(sorted(found)))

    @property
    def in_words(self) -> str:
        """Which heads, such as `heads 0.1, 0.3`."""
        named = ", ".join(f"{layer}.{head}" for layer, head in self.heads)
        return f"head{'s' * (len(self.heads) > 1)} {named}"

    def sites(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What heads give; `BadArgument` for a model without heads, or without one that is named."""
        _, n_layers, _, n_heads, _ = values_at(snapshot, "heads").shape
        _check_below("layer", [layer for layer, _ in self.heads], n_layers)
        _check_below("head", [head for _, head in self.heads], n_heads)
        return ("heads",)

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """How what these heads give varies about its mean; 0 for the others."""
        part = torch.zeros_like(values)
        for layer, head in self.heads:
            own = values[:, layer, :, head]
            part[:, layer, :, head] = own - own.mean(dim=0)
        return part

    def nulls(self, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
        """As many random heads: others where there are as many, else any; and, removing, noise of equal energy."""
        values, done = values_at(snapshot, site), "kept" if act == "keep" else "mean-ablated"
        units = [(layer, head) for layer in range(values.shape[1]) for head in range(values.shape[3])]
        others = [each for each in units if each not in self.heads]
        pool, found = others if len(others) >= len(self.heads) else units, []
        if others:
            few = math.comb(len(pool), len(self.heads)) <= DRAWS
            sets = map(Heads, combinations(pool, len(self.heads))) if few else ()
            name, every = f"as many random heads {done}", tuple(each for each in sets if each != self)
            found.append(Null("random_heads", name, lambda g: self._other(pool, g), every))
        if act == "remove":
            part = self.part(values, site, snapshot)
            name = "random change of equal energy"
            found.append(equal_energy(name, part, values.dtype))
        return found

    def _other(self, pool: list[tuple[int, int]], generator: torch.Generator) -> Heads:
        while True:
            chosen = torch.randperm(len(pool), generator=generator)[: len(self.heads)]
            other = Heads([pool[at] for at in chosen.tolist()])
            if other != self:
                return other


def without(n: int, members: Tensor) -> Tensor:
    """The numbers below `n` that are not among `members`."""
    outside = torch.ones(n, dtype=torch.bool)
    outside[members] = False
    return torch.nonzero(outside)[:, 0]


def some(pool: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """A random choice of `size` from the pool."""
    return pool[torch.randperm(len(pool), generator=generator)[:size]]


def _by_name(name: str) -> tuple[Any, ...]:
    """Layer and head of a head that goes by its name in tables, such as `0.3`."""
    return tuple(int(part) if part.isdecimal() else part for part in name.split("."))


def _numbers(name: str, given: Any) -> list[int]:
    plain = given.tolist() if hasattr(given, "tolist") else given
    listed = [plain] if isinstance(plain, int) else plain
    if not isinstance(listed, Iterable) or isinstance(listed, str):
        raise BadArgument(f"{name} is {described(given)}; give their numbers, such as [0, 3].")
    found = [whole_number(f"one of {name}", each, 0, such_as=3) for each in listed]
    if not found or len(set(found)) < len(found):
        raise BadArgument(f"{name} is {described(given)}; give at least one, each once, such as [0, 3].")
    return found


def _check_below(what: str, numbers: Iterable[int], count: int) -> None:
    largest = max(numbers)
    if largest >= count:
        raise BadArgument(f"There is no {what} {largest}; the model has 0 to {count - 1}.")
