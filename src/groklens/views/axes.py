"""What all charts share: the layout, and steps on an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groklens.views.palette import AXIS, GRID, INK

if TYPE_CHECKING:
    import xarray as xr

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"


def layout(height: int, **more: Any) -> dict[str, Any]:
    """A plotly layout that is legible on light and dark pages."""
    return {
        "template": "none",
        "height": height,
        "font": {"family": _FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 16, "r": 16, "t": 34, "b": 16},  # the toolbar is above the chart
        "hoverlabel": {"font": {"family": _FONT, "size": 13}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": AXIS, "activecolor": INK},
        "dragmode": False,
        **more,
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """A plotly axis with this title."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": AXIS,
        "tickcolor": AXIS,
        "zeroline": False,
        "tickfont": {"size": 12},
        "exponentformat": "power",
        **more,
    }


@dataclass(frozen=True)
class StepAxis:
    """Where steps are drawn. On a log axis step 0 is put at half the first step after it, and labelled 0."""

    first: float
    last: float
    log: bool

    @classmethod
    def of(cls, table: xr.Dataset, log: bool) -> StepAxis:
        """The axis that shows every step of the table; linear where it has but one after 0."""
        steps = sorted(float(step) for step in table["step"].values.tolist())
        positive = [step for step in steps if step > 0]
        if not log or len(positive) < 2:
            return cls(steps[0], steps[-1], False)
        first = positive[0] if steps[0] > 0 else positive[0] / 2
        return cls(first, positive[-1], True)

    def at(self, step: float) -> float:
        """Where a step is drawn."""
        return max(float(step), self.first) if self.log else float(step)

    def share(self, step: float) -> float:
        """How far along the axis a step is, from 0 to 1."""
        if self.last == self.first:
            return 0.5
        if not self.log:
            return (step - self.first) / (self.last - self.first)
        return math.log(self.at(step) / self.first) / math.log(self.last / self.first)

    def annotated(self, step: float) -> float:
        """Where plotly wants an annotation at this step: on log axes it takes the exponent."""
        return math.log10(self.at(step)) if self.log else float(step)

    def axis(self, title: str, starts_at_zero: bool) -> dict[str, Any]:
        """The plotly axis."""
        if not self.log:
            return axis(title)
        powers = [10**k for k in range(10) if self.first <= 10**k <= self.last]
        zero = [(self.first, "0")] if starts_at_zero else []
        ticks = zero + [(power, f"{power:,}") for power in powers]
        ends = [math.log10(self.first) - 0.03, math.log10(self.last) + 0.03]
        return axis(
            title,
            type="log",
            range=ends,
            tickvals=[at for at, _ in ticks],
            ticktext=[text for _, text in ticks],
        )
