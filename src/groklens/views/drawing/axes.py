"""The plotly layout and axes that all charts share, and the placing of training steps on an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from groklens.views.drawing.palette import AXIS, GRID, INK

if TYPE_CHECKING:
    import xarray as xr

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
#: The power of ten up to which numbers beside an axis are written out, 10,000, as on the ticks that we label ourselves.
_WRITTEN_OUT = 5


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
    """A plotly axis with the given title."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": AXIS,
        "tickcolor": AXIS,
        "zeroline": False,
        "tickfont": {"size": 12},
        "exponentformat": "power",
        "separatethousands": True,
        "minexponent": _WRITTEN_OUT,
        **more,
    }


#: Pixels that an axis has on a phone, that a character of a label takes, and between two labels.
PHONE, CHARACTER, BETWEEN = 270.0, 7.0, 8.0
#: How far step 0 stands from the first step after it on a log axis, as a share of the axis.
_GAP = 0.12


@dataclass(frozen=True)
class StepAxis:
    """An axis of training steps: where each step is drawn, and which are labelled.

    A log axis has no place for step 0, so it stands by itself, to the left of the first step after it by an
    eighth of the axis, whatever the steps are; what happened between the two is drawn between them. Ticks are
    steps from the first after 0 to the last, so never where step 0 stands; they are as fine as labels that do
    not overlap on a phone can be.
    """

    first: float
    last: float
    log: bool
    has_zero: bool = False
    room: float = PHONE

    @classmethod
    def of(cls, *tables: xr.Dataset, log: bool, columns: int = 1) -> StepAxis:
        """The axis for every step of all tables, in one of `columns`; linear where only one step is after 0."""
        steps = sorted({float(step) for table in tables for step in table["step"].values.tolist()})
        positive = [step for step in steps if step > 0]
        if not log or len(positive) < 2:
            return cls(steps[0], steps[-1], False)
        return cls(positive[0], positive[-1], True, steps[0] <= 0, PHONE / columns)

    @property
    def start(self) -> float:
        """Where the axis starts: at step 0 where it is kept."""
        if not (self.log and self.has_zero):
            return self.first
        return float(self.first * (self.first / self.last) ** (_GAP / (1 - _GAP)))

    @property
    def since(self) -> str:
        """What is said beside the axis' name where the steps before its first are not on it: `, from 700 on`."""
        begins_late = not self.has_zero and 1 < self.first < self.last
        return f", from {_label(self.first)} on" if begins_late else ""

    def at(self, step: float) -> float:
        """The coordinate at which a step is drawn."""
        if not self.log or step >= self.first:
            return float(step)
        return float(self.start * (self.first / self.start) ** (max(step, 0) / self.first))

    def share(self, step: float) -> float:
        """Fraction of the axis, from 0 to 1, at which a step is."""
        if self.last == self.first:
            return 0.5
        if not self.log:
            return (step - self.first) / (self.last - self.first)
        return math.log(self.at(step) / self.start) / math.log(self.last / self.start)

    def annotated(self, step: float) -> float:
        """The coordinate of an annotation at this step, which plotly wants as an exponent on log axes."""
        return math.log10(self.at(step)) if self.log else float(step)

    def ticks(self) -> list[float]:
        """The steps labelled on a log axis: the finest choice whose labels do not overlap."""
        zero = [0.0] if self.has_zero else []
        choices = [zero + chosen for chosen in self._choices() if len(chosen) > 1]
        return next(filter(self._is_clear, choices), [*zero, self.last])

    def axis(self, title: str) -> dict[str, Any]:
        """The axis in plotly's terms."""
        if not self.log:
            return axis(title)
        ticks, edge = self.ticks(), 0.02 * math.log10(self.last / self.start)
        return axis(
            title,
            type="log",
            range=[math.log10(self.start) - edge, math.log10(self.last) + edge],
            tickvals=[self.at(step) for step in ticks],
            ticktext=[_label(step) for step in ticks],
            tickangle=0,
        )

    def _choices(self) -> list[list[float]]:
        """Choices of round steps, the finest first: 1, 2, 5, 10, …; powers of ten; every second power; …; both ends."""
        exponents = range(math.floor(math.log10(self.first)), math.ceil(math.log10(self.last)) + 1)
        rounds = [[digit * 10.0**k for k in exponents for digit in (1, 2, 5)]]
        rounds += [[10.0**k for k in exponents if k % every == 0] for every in range(1, len(exponents) + 1)]
        within = [[step for step in each if self.first <= step <= self.last] for each in rounds]
        return [*within, [self.first, self.last]]

    def _is_clear(self, ticks: list[float]) -> bool:
        ends = [
            (self.room * self.share(step) - half, self.room * self.share(step) + half)
            for step, half in ((step, CHARACTER * len(_label(step)) / 2) for step in ticks)
        ]
        return all(after[0] - before[1] >= BETWEEN for before, after in pairwise(ends))


def _label(step: float) -> str:
    return f"{step:,.0f}" if step >= 1 or step == 0 else f"{step:g}"
