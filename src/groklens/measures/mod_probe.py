"""Whether a linear probe reads a number modulo T from states of numbers that it was not fitted to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.claims import DRAWS
from groklens.errors import BadArgument, whole_fields
from groklens.harmonics import folds_of
from groklens.hypotheses import Circuit
from groklens.measures.family import Family
from groklens.measures.helix_fit import SHUFFLED, number_states
from groklens.measures.measure import About
from groklens.snapshots import Snapshot

#: The ridge, as a share of the mean squared length of centred states: what keeps many directions from noise.
RIDGE = 1e-2


@dataclass(frozen=True)
class ModProbe(Family):
    """Cohen's κ and accuracy of a linear probe that reads unseen numbers modulo a period.

    States are as in `HelixFit`: at the hook `site`, at an operand's own token, averaged over the inputs that share the
    number. A ridge regression on cos(2πn/T) and sin(2πn/T) (the ridge is 0.01 of the mean squared length of centred
    states) puts every number on the circle of the period T, by a fit to numbers of other folds, and the nearest residue
    is named. The value is score × labelling: `own` is by the numbers, `shuffled` the mean, lowest and highest of 20
    random reorderings of the residues. Accuracy lies in [0, 1]; κ corrects it by what the marginals alone give: 1 for
    every residue right, 0 for chance, below 0 for worse. It is there to be read where κ exceeds the highest of the
    shuffled; whether the model reads it is another question, and where digits are tokens the last one alone gives n
    modulo 2, 5 and 10, in an untrained model too.

    The circular probe of Levy & Geva (2024), arXiv:2410.11781, section 4; κ, ridge and unseen numbers are ours.
    Raises `UnknownName` for an operand that the task does not have, `BadArgument` for a period below 2 or one that
    leaves fewer than two numbers a residue.

    >>> gl.measures.ModProbe("blocks.0.hook_resid_post", "a", period=10)(gl.Snapshot(model, sums))  # doctest: +SKIP
    """

    site: str | None = None
    operand: str = "a"
    period: int = 2
    folds: int = 10
    seed: int = 0

    about = About(
        "linear probe of a number modulo a period",
        "accuracy, and κ",
        (-1, 1),
        "Levy & Geva 2024, arXiv:2410.11781, section 4; on numbers not fitted to, κ beside accuracy",
        "all",
        ("numbers",),
    )

    def __post_init__(self) -> None:
        """Refuse periods, folds and seeds that are none."""
        whole_fields(self, "period", "folds", least=2)
        whole_fields(self, "seed")

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """κ and accuracy, score × labelling."""
        numbers, states = number_states(snapshot, self.site, self.operand)
        residue = numbers % self.period
        if int(residue.bincount(minlength=self.period).min()) < 2:
            raise BadArgument(
                f"{len(numbers)} numbers leave fewer than two to a residue modulo {self.period}, so that none can be "
                "left out; take a shorter period, or more numbers."
            )
        fold = folds_of(len(numbers), self.folds, self.seed)
        generator = torch.Generator().manual_seed(self.seed)
        orders = [torch.randperm(len(numbers), generator=generator) for _ in range(DRAWS)]
        read = _readers(states, fold)
        labellings = (residue, *(residue[order] for order in orders))
        own, *drawn = (_scores(read, each, self.period) for each in labellings)
        of_draws = torch.tensor(drawn, dtype=torch.float64)
        columns = [torch.tensor(own), of_draws.mean(dim=0), of_draws.amin(dim=0), of_draws.amax(dim=0)]
        return xr.DataArray(
            torch.stack([each.double() for each in columns], dim=1).numpy(),
            dims=("score", "labelling"),
            coords={"score": ["accuracy", "kappa"], "labelling": ["own", *SHUFFLED]},
        )


class _Reader(NamedTuple):
    """The rows of one fold, the others, and the map from the others' answers to these rows' read-outs."""

    unseen: Int[Tensor, "some"]
    seen: Int[Tensor, "others"]
    weights: Float[Tensor, "some others"]


def _readers(states: Float[Tensor, "number feature"], fold: Int[Tensor, "number"]) -> list[_Reader]:
    """Ridge regression by folds, which depends on states alone: each read-out is a weighing of the others' answers."""
    found = []
    for own in fold.unique().tolist():
        out, seen = torch.nonzero(fold == own)[:, 0], torch.nonzero(fold != own)[:, 0]
        centre = states[seen].mean(dim=0)
        x, y = states[seen] - centre, states[out] - centre
        kernel = x @ x.T
        ridge = RIDGE * float(kernel.diagonal().mean()) or 1.0  # where nothing varies, nothing is read
        found.append(_Reader(out, seen, torch.linalg.solve(kernel + ridge * torch.eye(len(x)), x @ y.T).T))
    return found


def _scores(readers: list[_Reader], residue: Int[Tensor, "number"], period: int) -> tuple[float, float]:
    """Accuracy and Cohen's κ of residues read by the other folds as the nearest on the circle."""
    angle = 2 * math.pi * torch.arange(period, dtype=torch.float64) / period
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    said = torch.empty_like(residue)
    for out, seen, weights in readers:
        places = circle[residue[seen]]
        mean = places.mean(dim=0)
        said[out] = ((mean + weights @ (places - mean)) @ circle.T).argmax(dim=1)
    accuracy = float((said == residue).double().mean())
    shares = [each.bincount(minlength=period).double() / len(residue) for each in (said, residue)]
    by_chance = float(shares[0] @ shares[1])
    return accuracy, (accuracy - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
