"""Grids of panels with the same chart for several neurons, components or heads."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.labels import drawn
from groklens.views.drawing.lay_out import lay_out
from groklens.views.drawing.palette import HUES, faded

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Panels beside each other, how tall one is in pixels with its title, and the space above the title.
COLUMNS, HEIGHT, _SPACE = 3, 300, 34
#: Characters in a line of a title, and pixels that a line takes: a third of a phone is not wide.
_LINE, _LINE_HEIGHT = 16, 16


def panels(titles: Sequence[str], **more: Any) -> go.Figure:
    """A figure with one square panel per title, three in a row; panel i holds trace i."""
    from plotly.subplots import make_subplots

    columns = min(COLUMNS, len(titles))
    rows = -(-len(titles) // columns)
    lines = [textwrap.wrap(title, _LINE) for title in titles]
    above = _LINE_HEIGHT * max(map(len, lines))
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=["<br>".join(map(drawn, each)) for each in lines],
        horizontal_spacing=0.06,
        vertical_spacing=min(0.3, (_SPACE + above) / (rows * HEIGHT)),
    )
    # How a narrow page keeps panels square; see fit.js.
    meta = {"panels": {"columns": columns, "rows": rows, "side": HEIGHT - _SPACE - above}}
    margin = {"l": 16, "r": 16, "t": 44 + above, "b": 16}
    lay_out(figure, layout(rows * HEIGHT + 110 + above, showlegend=False, meta=meta, margin=margin, **more))
    for annotation in figure.layout.annotations:
        annotation.font.size = 12
    return figure


def place(index: int, titles: Sequence[str]) -> dict[str, int]:
    """The row and column of a panel."""
    columns = min(COLUMNS, len(titles))
    return {"row": index // columns + 1, "col": index % columns + 1}


def label_edges(figure: go.Figure, titles: Sequence[str], across: str, up: str, **more: Any) -> None:
    """Axes for every panel; titles and ticks are below the lowest of each column and beside the first of each row."""
    columns = min(COLUMNS, len(titles))
    across_axis = axis("", showgrid=False, tickangle=0, nticks=4, **more)
    up_axis = axis("", showgrid=False, nticks=5, **more)
    axes: dict[str, Any] = {}
    for index in range(-(-len(titles) // columns) * columns):  # those without a panel too
        number, lowest, first = (
            index + 1 if index else "",
            index + columns >= len(titles),
            index % columns == 0,
        )
        empty = index >= len(titles)
        axes[f"xaxis{number}"] = across_axis | ({} if empty else _edge(across_axis, drawn(across), lowest))
        axes[f"yaxis{number}"] = up_axis | ({} if empty else _edge(up_axis, drawn(up, beside=True), first))
    lay_out(figure, axes)


def _edge(of: dict[str, Any], title: str, shown: bool) -> dict[str, Any]:
    """What an axis at the edge of the grid says, or one inside it leaves out."""
    return {"title": of["title"] | {"text": title}} if shown else {"showticklabels": False}


def one_scale(figure: go.Figure, values: np.ndarray, count: int, margin: float = 1.08) -> None:
    """Square panels with one scale for all, zero in the middle, which hold every value and a margin around them."""
    end = margin * float(np.nanmax(np.abs(values)) or 1.0)
    scale = {"range": [-end, end], "zeroline": True, "zerolinecolor": faded(HUES[0], 0.15)}
    axes = {name: scale for name in figure.layout if name.startswith(("xaxis", "yaxis"))}
    for index in range(count):
        number = index + 1 if index else ""
        axes[f"yaxis{number}"] = scale | {"scaleanchor": f"x{number}"}
    lay_out(figure, axes)
