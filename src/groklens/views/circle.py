"""`gl.views.circle`: words in the plane of their cyclic order, beside the plane of the best other order of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.views.drawing.labels import drawn
from groklens.views.drawing.palette import HUES, OTHER, faded
from groklens.views.drawing.panels import label_edges, one_scale, panels, place
from groklens.views.inputs import final_of, is_table
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr

#: Room for words around the points, as a share of the farthest one.
_ROOM = 1.5
#: What is written of a word, where it is enough.
_LETTERS = 3
#: Where a word is written, by the eighth of a turn that its point stands in, from the right against the clock.
_BESIDE = (
    "middle right", "top right", "top center", "top left", "middle left", "bottom left", "bottom center",
    "bottom right",
)  # fmt: skip


def circle(
    source: Any,
    layer: int | None = None,
    frequency: int = 1,
    without: str | tuple[float, ...] | None = None,
    seed: int = 0,
) -> Figure:
    """Words' states in the plane of one frequency of their cyclic order, beside the plane of the best other order.

    Points are the states at the word, averaged over templates and centred, joined in the order that the plane is of. A
    round polygon alone says little: in its own plane any order looks round where the words' states are unlike each
    other. The words are in this order where the left share of variance is above that of every other one, of which the
    best is on the right; the caption says how many are above, and whether the order closes, as a circle does, or a line
    does as well.

    Args:
        source: a run, whose last snapshot is taken, or a snapshot, on `gl.tasks.Words`; or what
            `gl.measures.circle_planes` gave.
        layer: that the residual stream enters, as many as there are for the stream that leaves the last; None for the
            layer with the highest share.
        frequency, without, seed: as in `gl.measures.CircleShare`.

    Raises `BadArgument` for a task without words on a circle, or a layer that the model does not have.

    >>> gl.views.circle(gl.load(path, task=days), layer=7)  # doctest: +SKIP
    """
    table = source if is_table(source) else _planes(source, layer, frequency, without, seed)
    titles = [f"{name} order: {float(table['share'].sel(order=name)):.2f}" for name in ("own", "best other")]
    figure = panels(titles)
    for index, colour in enumerate((HUES[0], OTHER)):
        figure.add_scatter(**_trace(table.isel(order=index), colour), **place(index, titles))
    label_edges(figure, titles, "along the cosine", "along the sine", showticklabels=False)
    one_scale(figure, table["point"].values, len(titles), _ROOM)
    return Figure(figure, _caption(table))


def _planes(source: Any, layer: int | None, frequency: int, without: Any, seed: int) -> xr.Dataset:
    from groklens.measures import circle_planes

    return circle_planes(final_of(source), layer, frequency, without, seed)


def _trace(plane: xr.Dataset, colour: str) -> dict[str, Any]:
    """The points of one order, joined and closed, each with its word outside the circle."""
    points = plane["point"].values.astype(np.float32)
    words = [drawn(str(each)) for each in plane["word"].values.tolist()]
    turns = np.round(np.arctan2(points[:, 1], points[:, 0]) / (np.pi / 4)).astype(int) % len(_BESIDE)
    closed = np.append(np.arange(len(points)), 0)
    return {
        "x": points[closed, 0],
        "y": points[closed, 1],
        "mode": "lines+markers+text",
        "line": {"color": faded(colour, 0.45), "width": 1},
        "marker": {"color": colour, "size": 7},
        "text": [*_short(words), ""],
        "textposition": [_BESIDE[turn] for turn in turns[closed]],
        "textfont": {"size": 11},
        "cliponaxis": False,
        "customdata": [*words, words[0]],
        "hovertemplate": "%{customdata}: (%{x:.3f}, %{y:.3f})<extra></extra>",
    }


def _short(words: list[str]) -> list[str]:
    """The words' first three letters where these tell them apart, for panels stand close; else the words."""
    cut = [word[:_LETTERS] for word in words]
    return cut if len(set(cut)) == len(words) else words


def _caption(table: xr.Dataset) -> str:
    about = table.attrs
    own, best = (float(each) for each in table["share"].values)
    return (
        f"States of {about['task']}, at layer {about['layer']}: in their own order {own:.2f} of the variance is in "
        f"frequency {about['frequency']}, in the best other order {best:.2f}, in the median one "
        f"{about['median_of_orders']:.2f}; {about['orders_above']} of {about['orders']:,} orders give as much or more. "
        f"{_closing(about)}"
    )


def _closing(about: dict[Any, Any]) -> str:
    """Whether the own order comes back to its first word, with the numbers."""
    said = "closes, as a circle does" if about["closed"] else "is not told from an open line"
    return (
        f"The own order {said}: from the last to the first the squared distance is {about['closing']:.2f} of the mean "
        f"of all pairs, between neighbours {about['neighbours']:.2f}, and as many waves of a line hold "
        f"{about['open_line']:.2f} of the variance."
    )
