"""Measures that run each circle of the embedding alone and compare its logits with those of a clock and of a pizza."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.measures.circles import Circle, circles, cyclic_logs, isolated_logits
from groklens.measures.doubling import doubled, doubling
from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, once_per_snapshot, symmetry_of

_PAPER = "Zhong et al. 2023, arXiv:2306.17844, section 4.3 and appendix"
#: Inputs that are compared with an ideal at a time.
_ROWS = 4096


@measure(
    long_name="a circle's logits explained by a clock",
    units="share of variance",
    valid_range=(-3, 1),
    source=f"{_PAPER}: Q_clock = cos w(a+b−c); both sides z-scored over all n³ triples, so this is 2r − 1",
    split="all",
    needs=("group",),
)
def circle_clock_fve(snapshot: Snapshot) -> xr.DataArray:
    """How well each circle's logits, run alone, fit a clock's cos w(a+b−c) (component, circles found).

    1 for a clock, 0.79 for an ideal pizza (0.75 for trained ones), −1 where the two are uncorrelated, −3 for
    a clock's negative. Isolation is not faithful to a trained clock, whose attention needs the other circles:
    the authors' clock of α = 1 has 0.77 on its first circle, 0.05 on its second, and less on the others. A low
    value therefore refutes nothing; find a clock's frequencies in the logits. A table has NaN at steps without
    that circle.
    Raises `BadArgument` as `circles` and `isolated_logits` do.
    """
    return _fve(snapshot, "clock")


@measure(
    long_name="a circle's logits explained by a pizza",
    units="share of variance",
    valid_range=(-3, 1),
    source=f"{_PAPER}: Q_pizza = |cos(wc/2)s₀+sin(wc/2)s₁| − |cos(wc/2)s₁−sin(wc/2)s₀|; z-scored, so 2r − 1",
    split="all",
    needs=("group",),
)
def circle_pizza_fve(snapshot: Snapshot) -> xr.DataArray:
    """How well each circle's logits, run alone, fit those of a pizza (component, circles found).

    s₀ and s₁ are the sums of the operands' cosines and sines at the circle's w. 1 for a pizza (trained ones
    have 0.98, an ideal clock 0.79), −1 where the two are uncorrelated. Read it against `circle_clock_fve`, and
    see there for what isolation does to clocks.
    """
    return _fve(snapshot, "pizza")


@measure(
    long_name="a circle's logits explained by an accompanying pizza",
    units="share of variance",
    valid_range=(-3, 1),
    source=f"{_PAPER}: −cos wc(cos 2wa+cos 2wb) − sin wc(sin 2wa+sin 2wb); z-scored, so 2r − 1",
    split="all",
    needs=("group",),
)
def circle_accompanying_fve(snapshot: Snapshot) -> xr.DataArray:
    """How well each circle's logits, run alone, fit an accompanying pizza's (component, circles found).

    An accompanying circle turns twice as fast as the circle it serves: embedded at 2w, read out at w. Its
    pizza takes from the logits some of what depends on the operands' difference. 0.95 to 0.996 for such a
    circle, −1 for any other. `component` is the frequency embedded, 2w; in a group of even order halves are
    not unique, and no circle is given.
    """
    return _fve(snapshot, "accompanying")


@measure(
    long_name="doubling of a circle's frequency",
    units="share of power",
    valid_range=(0, 1),
    source="Rimsky and Vaintrob 2023, github.com/nrimsky/devinterp; on one circle at a time, and on its logits",
    split="all",
    needs=("group",),
)
def circle_doubling(snapshot: Snapshot) -> xr.DataArray:
    """`frequency_doubling` of each circle run alone, at its own frequency (component, circles found).

    0.100 for an ideal pizza (trained ones 0.11 to 0.13), 0 for a clock (where isolation is faithful: below
    0.02). Alone, because a trained pizza's accompanying circles cancel the doubled frequency that this looks
    for; those themselves say next to nothing at the frequency they are embedded at. Circles whose frequency
    has no double of its own are left out.
    """
    return _labelled(
        {k: values["doubling"] for k, values in _numbers(snapshot).items() if "doubling" in values}
    )


Ideal = Callable[[Tensor, Tensor, Tensor], Tensor]


def _clock(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.cos(a + b - c)


def _pizza(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    # Written with sums of angles: |s₀ cos(c/2) + s₁ sin(c/2)| = |cos(a − c/2) + cos(b − c/2)|, and so on.
    return (torch.cos(a - c / 2) + torch.cos(b - c / 2)).abs() - (
        torch.sin(a - c / 2) + torch.sin(b - c / 2)
    ).abs()


def _accompanying(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return -(torch.cos(2 * a - c) + torch.cos(2 * b - c))


def _fve(snapshot: Snapshot, ideal: str) -> xr.DataArray:
    return _labelled({k: values[ideal] for k, values in _numbers(snapshot).items() if ideal in values})


@once_per_snapshot
def _numbers(snapshot: Snapshot) -> dict[int, dict[str, float]]:
    """The values of all measures of circles, computed in one pass."""
    return {circle.component: _judged(snapshot, circle) for circle in circles(snapshot)}


def _judged(snapshot: Snapshot, circle: Circle) -> dict[str, float]:
    logs, symmetry = cyclic_logs(snapshot), symmetry_of(snapshot)
    k, n = circle.component, len(logs)
    logits = isolated_logits(snapshot, circle)[:, :n].double()
    compared = {"clock": (_clock, k), "pizza": (_pizza, k)}
    if n % 2:
        compared["accompanying"] = (_accompanying, k * (n + 1) // 2)
    placed = logs[symmetry.elements]
    values = {
        name: 2 * _correlation(logits, ideal, placed, logs, frequency) - 1
        for name, (ideal, frequency) in compared.items()
    }
    if k in doubled(symmetry.group):
        values["doubling"] = doubling(logits, symmetry, k)
    return values


def _correlation(
    logits: Float[Tensor, "input answer"],
    ideal: Ideal,
    operands: Int[Tensor, "input operand"],
    classes: Int[Tensor, "answer"],
    k: int,
) -> float:
    """Correlation of the logits with ideal ones over all inputs and classes, in batches of inputs."""
    n = len(classes)
    logits = logits - logits.mean()
    sums = torch.zeros(4, dtype=torch.float64)  # of the ideal, its square, the logits' square, the product
    for rows, values in zip(operands.split(_ROWS), logits.split(_ROWS), strict=True):
        a, b, c = (2 * math.pi / n * (k * x % n).double() for x in (rows[:, :1], rows[:, 1:2], classes))
        wave = ideal(a, b, c)
        sums += torch.stack([wave.sum(), wave.square().sum(), values.square().sum(), (wave * values).sum()])
    spread = float(sums[1] - sums[0] ** 2 / logits.numel())
    return float(sums[3]) / max((spread * float(sums[2])) ** 0.5, 1e-300)


def _labelled(values: dict[int, float]) -> xr.DataArray:
    """Values as an array over `component`, whose labels are frequencies even where no circle is found."""
    names = np.array(list(values), dtype=np.int64)
    return xr.DataArray(np.array(list(values.values())), dims="component", coords={"component": names})
