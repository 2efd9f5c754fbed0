"""`FiniteGroup`: a finite group, given by its multiplication table.

Tasks name their symmetry with one of these; what can be derived from it (irreps, Fourier bases, discrete
logarithms) is `groklens.harmonics`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.integers import integers
from groklens.value_checks import in_bytes, title

#: Elements that a group's table, or residues that a table of pairs, may have: beyond it memory runs out.
MOST_ELEMENTS = 5000


@dataclass(frozen=True, eq=False)
class FiniteGroup:
    """A finite group: a name and a multiplication table, where `table[a, b]` is the index of a∘b.

    Elements are indices 0 … order−1 in whatever order the table uses, so a relabelled group is another
    `FiniteGroup` of the same name. Raises `BadArgument` when the table is not that of a group.

    >>> cyclic(5).inverses.tolist()
    [0, 4, 3, 2, 1]
    """

    name: str
    table: Int[Tensor, "element element"]

    def __post_init__(self) -> None:
        """Take a table of lists or numpy too, and refuse anything that is not a group's."""
        title("A group's name", self.name)
        table = integers(
            f"The table of the group {self.name!r}", self.table, 2, "[[0, 1], [1, 0]]", copied=False
        )
        object.__setattr__(self, "table", table)
        _check(self.name, self.table)

    @property
    def order(self) -> int:
        """Number of elements."""
        return len(self.table)

    @cached_property
    def identity(self) -> int:
        """Index of the neutral element."""
        everything = torch.arange(self.order)
        return int(torch.nonzero((self.table == everything).all(dim=1))[0])

    @cached_property
    def inverses(self) -> Int[Tensor, "element"]:
        """Index of the inverse of each element."""
        return (self.table == self.identity).int().argmax(dim=1)

    @cached_property
    def is_abelian(self) -> bool:
        """Whether a∘b = b∘a for all elements."""
        return bool((self.table == self.table.T).all())

    @cached_property
    def key(self) -> str:
        """A digest of name and table, equal for equal groups and usable as a dictionary key."""
        return hashlib.sha256(self.name.encode() + self.table.numpy().tobytes()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FiniteGroup) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"FiniteGroup({self.name!r}, order={self.order})"


def check_order(name: str, order: int) -> None:
    """Raise `BadArgument` for a group of too few elements to learn anything, or too many to fit in memory."""
    if order < 2:
        raise BadArgument(
            f"{name} has one element, so there is one answer and nothing to learn; use one of at least 2, "
            "such as 'C113' or 'S5'."
        )
    if order > MOST_ELEMENTS:
        raise BadArgument(
            f"{name} has {order} elements, and a table of all their pairs takes {in_bytes(8 * order**2)} of memory; "
            f"use at most {MOST_ELEMENTS}."
        )


def cyclic(n: int) -> FiniteGroup:
    """The cyclic group `C{n}` of integers mod `n` under addition, elements in their usual order."""
    residues = torch.arange(n)
    return FiniteGroup(f"C{n}", (residues[:, None] + residues) % n)


def nonzero_residues(p: int) -> FiniteGroup:
    """The non-zero residues mod a prime under multiplication, as `C{p−1}`; element i is the residue i+1."""
    residues = torch.arange(1, p)
    return FiniteGroup(f"C{p - 1}", residues[:, None] * residues % p - 1)


def _check(name: str, table: Tensor) -> None:
    n = len(table)
    if n == 0 or table.shape != (n, n) or table.min() < 0 or table.max() >= n:
        entries = f"entries {int(table.min())} to {int(table.max())}" if table.numel() else "no entries"
        raise BadArgument(
            f"The table of {name!r} has shape {tuple(table.shape)} and {entries}; a group of order n needs "
            "an (n, n) table of indices 0 to n-1."
        )
    everything = torch.arange(n)
    latin = (table.sort(dim=0).values == everything[:, None]).all() and (
        table.sort(dim=1).values == everything
    ).all()
    if not latin or not (table == everything).all(dim=1).any():
        raise BadArgument(
            f"The table of {name!r} is not a group's: every row and column must hold each element once, "
            "and one row must be the identity's. For a table without structure use TableTask(..., group=None)."
        )
    # Light's test: the b with (a∘b)∘c = a∘(b∘c) for all a and c are closed under ∘, so generators decide.
    for b in _generators(table):
        if not torch.equal(table[table[:, b]], table[:, table[b]]):
            raise BadArgument(
                f"The table of {name!r} is not associative ((a∘b)∘c ≠ a∘(b∘c) for b = {b}), so it is not a "
                "group's. For a table without structure use TableTask(..., group=None)."
            )


def _generators(table: Tensor) -> list[int]:
    """A small generating set of the group."""
    generators: list[int] = []
    reached = torch.zeros(len(table), dtype=torch.bool)
    while not reached.all():
        generators.append(int((~reached).int().argmax()))
        reached[generators[-1]] = True
        count = 0
        while count < int(reached.sum()):
            count = int(reached.sum())
            members = torch.nonzero(reached)[:, 0]
            reached[table[members][:, members].flatten()] = True
    return generators
