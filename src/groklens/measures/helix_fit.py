"""How well a helix says the states of numbers that it was not fitted to, beside simpler shapes and shuffled numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.claims import DRAWS
from groklens.errors import whole_fields
from groklens.harmonics import (
    checked_periods,
    explained_unseen,
    folds_of,
    helix_basis,
    number_bases,
    number_means,
    renamed_digits,
    unseen_fit,
)
from groklens.hypotheses import Circuit, state_hook
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.snapshots import Snapshot
from groklens.tasks import numbers_of, place_of

#: What shuffled numbers, and those of renamed digits, give is shown as, after the fits themselves.
SHUFFLED = ("shuffled: mean", "shuffled: lowest", "shuffled: highest")
RENAMED = ("digits renamed: mean", "digits renamed: lowest", "digits renamed: highest")


@dataclass(frozen=True)
class HelixFit(Family):
    """R² of a helix in the states of unseen numbers, beside its circles, a line, polynomials and shuffled numbers.

    States are those at the hook `site` (the embeddings where it is None) at an operand's own token (of `"sum"` at the
    template's end, else at the answer), averaged over the inputs that share the number. They are fitted by the
    constant, the number, and waves of the `periods`; by the waves alone (`circles`); by the number alone (`line`); by
    polynomials, as many as the helix has functions; by the helix of the numbers in 20 random orders (`shuffled`); and
    by that of 20 numbers whose digits are renamed at random, place by place (`digits renamed`): where digits are tokens
    any model tells them apart, an untrained one too. Every number is said by a fit to numbers of other folds. The value
    is an array along `fit`: at most 1, where states are that shape; 0 where the fit says no more than the mean does;
    below 0 where it misleads. A helix is seen where `helix` exceeds `polynomial` and the highest of the shuffled and
    renamed. It is no mechanism: `gl.examine` with `gl.hypotheses.Helix` asks for that.

    Fields: `components` principal directions in which the fit is made, `folds` and the `seed` that draws them.

    After Kantamneni & Tegmark (2025), arXiv:2502.00873, section 4.2, who fit all numbers at once; unseen numbers,
    polynomials of equal size, shuffled numbers and renamed digits are ours. Raises `UnknownName` for an operand that
    the task does not have, `BadArgument` for fewer than four numbers.

    >>> gl.measures.HelixFit("blocks.0.hook_resid_post", "a")(gl.Snapshot(model, sums))  # doctest: +SKIP
    """

    site: str | None = None
    operand: str = "a"
    periods: tuple[float, ...] = (2, 5, 10, 100)
    components: int = 100
    folds: int = 10
    seed: int = 0

    about = About(
        "variance of unseen numbers' states explained",
        "R²",
        (-float("inf"), 1),
        "Kantamneni & Tegmark 2025, arXiv:2502.00873, section 4.2; on numbers that are not fitted to",
        "all",
        ("numbers",),
    )

    def __post_init__(self) -> None:
        """Refuse periods, sizes and seeds that are none."""
        checked_periods(self.periods)
        whole_fields(self, "components", least=1)
        whole_fields(self, "folds", least=2)
        whole_fields(self, "seed")

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """R² by fit."""
        numbers, states = number_states(snapshot, self.site, self.operand)
        fold = folds_of(len(numbers), self.folds, self.seed)
        bases = number_bases(numbers, self.periods)

        def explained(functions: Tensor) -> float:
            return explained_unseen(states, unseen_fit(states, functions, fold, self.components), fold)

        found = {name: explained(functions) for name, functions in bases.items()}
        generator = torch.Generator().manual_seed(self.seed)
        orders = [torch.randperm(len(numbers), generator=generator) for _ in range(DRAWS)]
        others = [renamed_digits(numbers, generator) for _ in range(DRAWS)]
        for names, drawn in (
            (SHUFFLED, [explained(bases["helix"][order]) for order in orders]),
            (RENAMED, [explained(helix_basis(other, self.periods)) for other in others]),
        ):
            found |= dict(zip(names, (sum(drawn) / DRAWS, min(drawn), max(drawn)), strict=True))
        return xr.DataArray(list(found.values()), dims="fit", coords={"fit": list(found)})


def number_states(
    snapshot: Snapshot, site: str | None, operand: str
) -> tuple[Int[Tensor, "number"], Float[Tensor, "number feature"]]:
    """The numbers that inputs have as an operand, ascending, and the mean state of each at its place, float64."""
    numbers = numbers_of(snapshot.task, operand)
    return number_means(
        snapshot.activations(state_hook(snapshot, site), place_of(snapshot.task, operand)), numbers
    )[:2]
