"""Small multiples: the same kind of picture for several neurons, components or heads, in a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groklens.views.axes import axis, layout
from groklens.views.labels import drawn

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Panels beside each other, and how tall one is in pixels, its title included.
COLUMNS, HEIGHT = 3, 250


def panels(titles: Sequence[str], **more: Any) -> go.Figure:
    """A figure with one square panel for each title, three in a row; panel i holds trace i."""
    from plotly.subplots import make_subplots

    columns = min(COLUMNS, len(titles))
    rows = -(-len(titles) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[drawn(title) for title in titles],
        horizontal_spacing=0.09,
        vertical_spacing=min(0.3, 64 / (rows * HEIGHT)),
    )
    figure.update_layout(layout(rows * HEIGHT + 110, showlegend=False, **more))
    figure.update_layout(margin={"l": 16, "r": 16, "t": 56, "b": 16})
    figure.update_annotations(font={"size": 12})
    return figure


def place(index: int, titles: Sequence[str]) -> dict[str, int]:
    """Row and column of a panel."""
    columns = min(COLUMNS, len(titles))
    return {"row": index // columns + 1, "col": index % columns + 1}


def label_edges(figure: go.Figure, titles: Sequence[str], across: str, up: str, **more: Any) -> None:
    """Axes for every panel, with titles below the lowest of each column and beside the first of each row."""
    columns = min(COLUMNS, len(titles))
    figure.update_xaxes(axis("", showgrid=False, **more))
    figure.update_yaxes(axis("", showgrid=False, **more))
    for index in range(len(titles)):
        if index + columns >= len(titles):
            figure.update_xaxes(title_text=drawn(across), **place(index, titles))
        if index % columns == 0:
            figure.update_yaxes(title_text=drawn(up, beside=True), **place(index, titles))
