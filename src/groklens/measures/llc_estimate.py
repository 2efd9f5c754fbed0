"""`LLCEstimate`: an estimate of a local learning coefficient, with its verdict and the traces behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.claims import Control, Finding, Verdict
from groklens.measures.measure import About

#: What a table holds of an estimate, in the order of the axis `quantity`; `healthy` is 1 or 0.
QUANTITIES = ("value", "stderr", "r_hat", "ess", "healthy")
#: What the numbers of an estimate are.
ABOUT = About(
    "local learning coefficient",
    "effective parameters / 2",
    (-math.inf, math.inf),
    "Lau et al. 2023, arXiv:2308.12108; full-batch losses, health from split R̂, ESS, drift, sign and plateau",
    "train",
    ("split",),
)


@dataclass(frozen=True, eq=False)
class LLCEstimate:
    """An estimate of a local learning coefficient: the number, whether it can be believed, and the traces behind it.

    `verdict` is `supported` where the chains are healthy, else `undecided`, and `reasons` say why. `losses` are those
    of every chain from the start on (chain × step); `at_half_step` is the estimate at half the step size.
    """

    value: float
    stderr: float
    r_hat: float
    ess: float
    verdict: Verdict
    reasons: tuple[str, ...]
    n_beta: float
    at_half_step: float
    losses: Float[Tensor, "chain step"]

    @property
    def array(self) -> xr.DataArray:
        """The estimate by quantity, its value missing where it is not to be believed."""
        healthy = self.verdict == "supported"
        numbers = [self.value if healthy else math.nan, self.stderr, self.r_hat, self.ess, float(healthy)]
        numbers[1:3] = [each if math.isfinite(each) else math.nan for each in numbers[1:3]]
        return xr.DataArray(numbers, dims="quantity", coords={"quantity": list(QUANTITIES)})

    def finding(self) -> Finding:
        """The finding that the estimate can be believed, beside that at half the step size; the trace says the rest."""
        at_half = [self.at_half_step] if math.isfinite(self.at_half_step) else []
        controls = (Control.of("at half the step size", at_half, key="half_step"),) if at_half else ()
        return Finding(
            "the chains give the local learning coefficient of the train loss",
            self.value if math.isfinite(self.value) else None,
            ABOUT.units,
            self.verdict,
            controls,
            source=ABOUT.source,
            note="; ".join(self.reasons)
            or f"± {self.stderr:.2g}; split R̂ {self.r_hat:.2f}, {self.ess:.0f} independent draws",
            key="llc.healthy",
            role="aside",
        )
