"""Heat maps of all steps below the chart of one step, with time running down and a line at the step shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groklens.views.drawing.axes import axis
from groklens.views.drawing.labels import drawn
from groklens.views.drawing.lay_out import lay_out_up
from groklens.views.drawing.palette import INK

if TYPE_CHECKING:
    import plotly.graph_objects as go


def two_rows(has_steps: bool) -> go.Figure:
    """A figure with a chart above and, where there are steps to show, a map below on the same x axis."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    if not has_steps:
        return go.Figure()
    return make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.06)


def add_history(
    figure: go.Figure,
    heat: dict[str, Any],
    x: Sequence[Any],
    ends: tuple[Any, Any],
    steps: Sequence[str],
    step_title: str,
) -> list[dict[str, Any]]:
    """Draw the map `heat` (step × x) in the second row, and the line at the last step.

    Returns what the line is at every step, for the slider.
    """
    figure.add_heatmap(x=list(x), y=list(steps), row=2, col=1, **heat)
    lines = [{"type": "scatter", "y": [step, step]} for step in steps]
    figure.add_scatter(
        x=list(ends),
        y=[steps[-1], steps[-1]],
        mode="lines",
        line={"color": INK, "width": 2},
        hoverinfo="skip",
        showlegend=False,
        row=2,
        col=1,
    )
    lay_out_up(
        figure,
        axis(drawn(step_title, beside=True), type="category", autorange="reversed", showgrid=False, nticks=8),
        row=2,
        col=1,
    )
    return lines
