"""`Helix`: the hypothesis that a model computes with a number as a line and waves of given periods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.harmonics import checked_periods, helix_basis, number_bases, orthonormal, renamed_digits
from groklens.hypotheses.hypothesis import Act, Null, Spanned, equal_energy
from groklens.hypotheses.values import state_hook, values_at
from groklens.snapshots import Snapshot
from groklens.tasks import numbers_of, place_of

#: What draws a part from a generator.
Draw = Callable[[torch.Generator], Spanned]


@dataclass(frozen=True)
class Helix:
    """The hypothesis that a model computes with a number as a helix: its size, and its place on circles of periods.

    Its part of the states at a hook (the embeddings where it is None), at the operand's own token (of `"sum"` at the
    template's end, else at the answer), is their least-squares fit by n, cos(2πn/T) and sin(2πn/T) of every period T: a
    subspace of the functions of the number. Compared with polynomials as many, random functions of the number as many,
    the helix of the numbers in random orders or with their digits renamed, and, removing, a random change of equal
    energy. The principal directions of the states, as many, are no control but a ceiling, and stand in
    `gl.interventions.patched_fits`.

    `gl.examine(snapshot, Helix(hook="blocks.3.hook_resid_pre"))` keeps and removes it, where the model adds: sums are
    answered right at least half of the way from the commonest answer's share to all. Elsewhere it says so, and gives no
    verdict on a circuit.

    After Kantamneni & Tegmark (2025), arXiv:2502.00873, section 4; random functions and orders are ours. Raises
    `BadArgument` for periods that are none.

    >>> Helix((2, 5), hook="hook_embed").in_words
    'the helix of a with periods 2, 5'
    """

    periods: tuple[float, ...] = (2, 5, 10, 100)
    hook: str | None = None
    operand: str = "a"

    def __post_init__(self) -> None:
        """Refuse what is no period, hook or operand."""
        object.__setattr__(self, "periods", checked_periods(self.periods))
        if not isinstance(self.hook, str | None):  # an operand's name is the task's to check
            raise BadArgument(
                f"hook is {described(self.hook)}; give its name, such as 'blocks.0.hook_resid_pre'."
            )

    @property
    def in_words(self) -> str:
        """Such as `the helix of a with periods 2, 5`."""
        return (
            f"the helix of {self.operand} with periods {', '.join(f'{period:g}' for period in self.periods)}"
        )

    def sites(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Its hook at the operand's place; `UnknownName` where the task has no such operand."""
        numbers_of(snapshot.task, self.operand)
        return (f"{self.hook_in(snapshot)}@{place_of(snapshot.task, self.operand)}",)

    def hook_in(self, snapshot: Snapshot) -> str:
        """Its hook, or that of the snapshot's embeddings."""
        return state_hook(snapshot, self.hook)

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The fit of the values by the helix, the mean taken out of both."""
        return self._spanned(snapshot, "helix").part(values, site, snapshot)

    def nulls(self, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
        """Polynomials, random functions of the number and shuffled numbers, as many; removing, equal energy."""
        done, polynomial = "kept" if act == "keep" else "removed", self._spanned(snapshot, "polynomial")
        found = [
            Null("polynomial", f"polynomials, as many, {done}", lambda g: polynomial, (polynomial,)),
            Null("random_number_functions", f"random functions of the number {done}", self._random(snapshot)),
            Null("shuffled_numbers", f"helix of shuffled numbers {done}", self._shuffled(snapshot)),
            Null(
                "renamed_digits",
                f"helix of numbers with their digits renamed {done}",
                self._renamed(snapshot),
            ),
        ]
        if act == "remove":
            values = values_at(snapshot, site)
            part = self.part(values, site, snapshot)
            name = "random change of equal energy"
            found.append(equal_energy(name, part, values.dtype))
        return found

    def _spanned(self, snapshot: Snapshot, shape: str) -> Spanned:
        """The functions of the inputs that vary as a helix, or polynomials as many, of their number."""
        return Spanned(
            orthonormal(number_bases(numbers_of(snapshot.task, self.operand), self.periods)[shape])
        )

    def _random(self, snapshot: Snapshot) -> Draw:
        numbers, row = numbers_of(snapshot.task, self.operand).unique(return_inverse=True)
        size = helix_basis(numbers, self.periods).shape[1]
        return lambda g: _by_number(torch.randn(len(numbers), size, generator=g, dtype=torch.float64), row)

    def _shuffled(self, snapshot: Snapshot) -> Draw:
        numbers, row = numbers_of(snapshot.task, self.operand).unique(return_inverse=True)
        helix = helix_basis(numbers, self.periods)
        return lambda g: _by_number(helix[torch.randperm(len(numbers), generator=g)], row)

    def _renamed(self, snapshot: Snapshot) -> Draw:
        numbers, row = numbers_of(snapshot.task, self.operand).unique(return_inverse=True)
        return lambda g: _by_number(helix_basis(renamed_digits(numbers, g), self.periods), row)


def _by_number(functions: Float[Tensor, "number function"], row: Tensor) -> Spanned:
    return Spanned(orthonormal(functions[row]))
