"""Which periods the states of numbers vary with, beside the periods that are in how often the numbers are written."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.claims import DRAWS
from groklens.errors import BadArgument
from groklens.harmonics import checked_periods, helix_basis, orthonormal
from groklens.hypotheses import Circuit
from groklens.measures.family import Family
from groklens.measures.helix_fit import SHUFFLED, number_states
from groklens.measures.measure import About
from groklens.snapshots import Snapshot
from groklens.value_checks import number


@dataclass(frozen=True)
class NumberSpectrum(Family):
    """Share of the variance of numbers' states at each period, beside that of how often the numbers are written.

    States are as in `HelixFit`. The best line through the numbers is taken out first, for it would leak into every
    long period; what is left is projected on the two waves of each period. The value is period × of, in [0, 1]:
    `states`, the mean, lowest and highest of 20 random orders of the numbers (`shuffled`), and, with `frequencies`, how
    often each number occurs in a text in ascending order of the numbers, `token frequency`: that of their logarithm. A
    period that is strong there is no sign that a model counts: round numbers are written more often than others.
    Periods are not always at right angles, so that shares need not sum to at most 1.

    The basis is that of Kantamneni & Tegmark (2025), arXiv:2502.00873, section 4.1; the controls are ours. Raises
    `UnknownName` for an operand that the task does not have, `BadArgument` for frequencies that do not fit the numbers.

    >>> gl.measures.NumberSpectrum("blocks.0.hook_resid_post", "a")(gl.Snapshot(model, sums))  # doctest: +SKIP
    """

    site: str | None = None
    operand: str = "a"
    periods: tuple[float, ...] = (2, 5, 10, 100)
    frequencies: tuple[float, ...] = ()
    seed: int = 0

    about = About(
        "variance of numbers' states at a period",
        "share of variance",
        (0, 1),
        "Kantamneni & Tegmark 2025, arXiv:2502.00873, section 4.1; token frequency as a null is ours",
        "all",
        ("numbers",),
    )

    def __post_init__(self) -> None:
        """Refuse periods that are none."""
        checked_periods(self.periods)

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """The shares, period × of."""
        numbers, states = number_states(snapshot, self.site, self.operand)
        generator = torch.Generator().manual_seed(self.seed)
        drawn = torch.stack(
            [
                self._shares(numbers, states[torch.randperm(len(numbers), generator=generator)])
                for _ in range(DRAWS)
            ]
        )
        columns = [self._shares(numbers, states), drawn.mean(dim=0), drawn.amin(dim=0), drawn.amax(dim=0)]
        names = ["states", *SHUFFLED]
        if self.frequencies:
            columns.append(self._shares(numbers, self._log_frequencies(len(numbers))[:, None]))
            names.append("token frequency")
        return xr.DataArray(
            torch.stack(columns, dim=1).numpy(),
            dims=("period", "of"),
            coords={"period": list(self.periods), "of": names},
        )

    def _shares(
        self, numbers: Int[Tensor, "number"], states: Float[Tensor, "number feature"]
    ) -> Float[Tensor, "period"]:
        line = orthonormal(helix_basis(numbers, ()))
        left = states - states.mean(dim=0)
        left = left - line @ (line.T @ left)
        waves = [orthonormal(helix_basis(numbers, (period,), line=False)) for period in self.periods]
        whole = left.square().sum().clamp_min(1e-300)
        return torch.stack([(wave.T @ left).square().sum() / whole for wave in waves])

    def _log_frequencies(self, count: int) -> Float[Tensor, "number"]:
        if len(self.frequencies) != count:
            raise BadArgument(
                f"frequencies has {len(self.frequencies)} values for {count} numbers; give how often each is written, "
                "in ascending order of the numbers."
            )
        given = [number("one of frequencies", each, above=0, such_as="120") for each in self.frequencies]
        return torch.tensor(given, dtype=torch.float64).log()
