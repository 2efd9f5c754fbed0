"""Numbers beside the axes of a still, as plotly writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.ticker import Formatter


def separated() -> Formatter:
    """A formatter that writes thousands as 10,000, and everything else as matplotlib does."""
    from matplotlib.ticker import ScalarFormatter

    class Separated(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            text = super().__call__(x, pos)
            # What is written as a part of a power of ten that stands at the axis' end has other digits.
            whole = text.lstrip("-\N{MINUS SIGN}") == f"{abs(x):.0f}"
            return self.fix_minus(f"{x:,.0f}") if whole else text

    return Separated()
