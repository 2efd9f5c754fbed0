"""Drawing a plotly figure as a PNG by matplotlib, at the step it shows.

For notebooks that are not trusted, PDF exports and README pages. It draws what our views are made of (lines,
bars, maps, labels, shaded bands) and leaves out what only a browser can do: sliders and hovering.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal

from groklens.views.renderers.still_picture_labels import separated
from groklens.views.renderers.still_picture_marks import draw, is_category, rgba

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_DPI, _FOR_PRINT = 110, 300
#: What would say when and by what a file was written: the same picture is the same file.
_UNDATED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_INK = "#4a525c"
#: What stands around the plots, in pixels: the left also holds tick labels and a title, the right a scale.
_LEFT, _RIGHT, _SCALE, _BOTTOM, _LEGEND = 88, 18, 74, 52, 18
#: Names in a row of the legend at most, and the pixels that one takes: for each letter, and besides.
_NAMES, _LETTER, _KEY = 4, 5.2, 52


def still(
    figure: go.Figure, format: str = "png", width: float | None = None, dpi: int | None = None
) -> bytes:
    """The figure as a PNG, SVG or PDF on white, at the step that it shows.

    `width` is that of the page, in inches: the plots are laid out anew for it, and letters keep their size. `dpi` is
    110 for a screen, and 300 where a width is given; of SVG and PDF it says how fine maps are.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    area, fineness = _PlotArea(figure, width), dpi or (_DPI if width is None else _FOR_PRINT)
    canvas = Canvas(figsize=(area.width / 100, area.height / 100), dpi=fineness, facecolor="white")
    FigureCanvasAgg(canvas)
    axes = {pair: _axes(canvas, area, figure, pair) for pair in _pairs(figure)}
    for trace in figure.data:
        draw(trace, *_at(axes, trace), figure.layout)
    _match(axes, figure)
    for pair, place in axes.items():
        _finish(place, figure, pair)
    for shape in figure.layout.shapes:
        _shade(shape, axes)
    for note in figure.layout.annotations:
        _write(note, axes, canvas, area)
    _legend(canvas, axes, figure)
    file = io.BytesIO()
    with rc_context({"svg.hashsalt": "groklens"}):  # or the names of an SVG's parts would be others each time
        canvas.savefig(file, format=format, dpi=fineness, metadata=_UNDATED[format])
    return file.getvalue()


class _PlotArea:
    """The area of the plots on the canvas, in pixels and as fractions."""

    def __init__(self, figure: go.Figure, inches: float | None) -> None:
        layout = figure.layout
        has_scale = any(trace.type == "heatmap" and trace.showscale is not False for trace in figure.data)
        self.right = _SCALE if has_scale else _RIGHT
        self.top = max(24, min(int(layout.margin.t or 24), 110))
        names = {trace.name for trace in figure.data if trace.name and trace.showlegend is not False}
        self.width = min(int(layout.width or 780), 1000) if inches is None else round(100 * inches)
        rows = 0 if layout.showlegend is False else -(-len(names) // _in_a_row(names, self.width))
        self.bottom = _BOTTOM + _LEGEND * rows
        below = 130 if layout.sliders else 60
        self.height = max(int(layout.height or 450) - below, 200) + self.bottom - 20

    def box(self, x: tuple[float, float], y: tuple[float, float]) -> tuple[float, float, float, float]:
        """A part of the plotting area as left, bottom, width, height on the canvas."""
        across = self.width - _LEFT - self.right
        up = self.height - self.top - self.bottom
        left, bottom = _LEFT + x[0] * across, self.bottom + y[0] * up
        return (
            left / self.width,
            bottom / self.height,
            (x[1] - x[0]) * across / self.width,
            (y[1] - y[0]) * up / self.height,
        )


Pair = tuple[str, str]


def _pairs(figure: go.Figure) -> list[Pair]:
    pairs = [(trace.xaxis or "x", trace.yaxis or "y") for trace in figure.data]
    return list(dict.fromkeys(pairs))


def _at(axes: dict[Pair, Axes], trace: Any) -> tuple[Axes, Pair]:
    pair = (trace.xaxis or "x", trace.yaxis or "y")
    return axes[pair], pair


def _axes(canvas: Canvas, area: _PlotArea, figure: go.Figure, pair: Pair) -> Axes:
    across, up = (layout_axis(figure.layout, name) for name in pair)
    box = area.box(tuple(across.domain or (0, 1)), tuple(up.domain or (0, 1)))
    place = canvas.add_axes(box)
    for side in ("top", "right"):
        place.spines[side].set_visible(False)
    place.tick_params(which="both", labelsize=8, colors=_INK, labelcolor=_INK)
    return place


def layout_axis(layout: Any, name: str) -> Any:
    """The layout of the axis that a trace calls by a name such as `x2`."""
    return layout[f"{name[0]}axis{name[1:]}"]


def _finish(place: Axes, figure: go.Figure, pair: Pair) -> None:
    letters: tuple[Literal["x", "y"], ...] = ("x", "y")
    for letter, name in zip(letters, pair, strict=True):
        axis = layout_axis(figure.layout, name)
        _scale(place, letter, axis)
        if axis.visible is False:
            place.set_axis_off()
            continue
        if axis.showticklabels is False:
            getattr(place, f"set_{letter}ticks")([])
        if axis.title.text:
            getattr(place, f"set_{letter}label")(plain(axis.title.text), fontsize=8.5, color=_INK)
        if axis.showgrid is not False and not is_category(axis):
            place.grid(True, axis=letter, color="#8080802a", linewidth=0.6)
            place.set_axisbelow(True)


def _match(axes: dict[Pair, Axes], figure: go.Figure) -> None:
    """Give axes that follow each other one range: that of a map in any of them, else of all they show."""
    for letter, axis in (("x", 0), ("y", 1)):
        groups: dict[str, list[Axes]] = {}
        for pair, place in axes.items():
            leader = layout_axis(figure.layout, pair[axis]).matches or pair[axis]
            groups.setdefault(leader, []).append(place)
        for group in groups.values():
            mapped = [place for place in group if place.images] or group
            ends = [getattr(place, f"get_{letter}lim")() for place in mapped]
            for place in group if len(group) > 1 else []:
                getattr(place, f"set_{letter}lim")(min(low for low, _ in ends), max(high for _, high in ends))


def _scale(place: Axes, letter: str, axis: Any) -> None:
    if axis.type == "log":
        getattr(place, f"set_{letter}scale")("log")
    if axis.range is not None:
        ends = [10**end if axis.type == "log" else end for end in axis.range]
        getattr(place, f"set_{letter}lim")(*ends)
    elif axis.autorange == "reversed":
        ends = getattr(place, f"get_{letter}lim")()
        getattr(place, f"set_{letter}lim")(max(ends), min(ends))
    if axis.tickvals is not None:
        names = [plain(str(text)) for text in (axis.ticktext or axis.tickvals)]
        getattr(place, f"set_{letter}ticks")(list(axis.tickvals), names)
        place.minorticks_off()
    elif axis.separatethousands and axis.type != "log" and not is_category(axis):
        getattr(place, f"{letter}axis").set_major_formatter(separated())
    if axis.scaleanchor:
        place.set_aspect("equal", adjustable="box")


def _shade(shape: Any, axes: dict[Pair, Axes]) -> None:
    upright = shape.type == "line" and shape.x0 == shape.x1 and shape.yref == "paper"
    if not upright and shape.type not in (None, "rect"):
        return
    for place in axes.values():
        if upright:
            dash = ":" if shape.line.dash == "dot" else "-"
            place.axvline(shape.x0, color=rgba(shape.line.color), linewidth=1, linestyle=dash, zorder=0)
            continue
        place.axvspan(shape.x0, shape.x1, facecolor=rgba(shape.fillcolor), linewidth=0, zorder=0)


def _write(note: Any, axes: dict[Pair, Axes], canvas: Canvas, area: _PlotArea) -> None:
    """Draw an annotation whose x and y refer to an axis or to the paper."""
    if not note.text:
        return
    x, y = note.x, note.y
    of_x, of_y = (
        next((p for pair, p in axes.items() if ref in pair), None)
        for ref in (note.xref or "x", note.yref or "y")
    )
    left, bottom, width, height = area.box((0, 1), (0, 1))
    if of_x is not None:
        value = 10**x if of_x.get_xscale() == "log" else x
        x = canvas.transFigure.inverted().transform(of_x.transData.transform((value, 1)))[0]
    else:
        x = left + x * width
    if of_y is not None:
        y = canvas.transFigure.inverted().transform(of_y.transData.transform((1, y)))[1]
    else:
        y = bottom + y * height
    y += float(note.yshift or 0) / area.height + (0.006 if note.yanchor == "bottom" else 0)
    x += float(note.xshift or 0) / area.width
    marked = re.search(r"color:(#\w{6})", note.text)  # a mark before the words gives all of them its colour
    colour = marked.group(1) if marked else rgba(note.font.color) if note.font.color else _INK
    size = 0.68 * float(note.font.size or 12)
    across, up = note.xanchor or "center", _VERTICAL[note.yanchor]
    canvas.text(x, y, plain(note.text), color=colour, fontsize=size, ha=across, va=up)


_VERTICAL = {None: "center", "auto": "center", "middle": "center", "top": "top", "bottom": "bottom"}


def _legend(canvas: Canvas, axes: dict[Pair, Axes], figure: go.Figure) -> None:
    if figure.layout.showlegend is False:
        return
    handles: dict[str, Any] = {}
    for place in axes.values():
        handles |= {
            name: handle for handle, name in zip(*place.get_legend_handles_labels(), strict=True) if name
        }
    if handles:
        canvas.legend(
            list(handles.values()),
            list(handles),
            loc="lower center",
            ncols=_in_a_row(handles, round(100 * canvas.get_figwidth())),
            fontsize=7.5,
            frameon=False,
            labelcolor=_INK,
        )


def _in_a_row(names: Collection[str], width: int) -> int:
    """How many of the legend's names fit beside each other on a canvas of this width."""
    longest = max((len(plain(name)) for name in names), default=0)
    return max(1, min(len(names), _NAMES, int(width / (_LETTER * longest + _KEY))))


def plain(text: str) -> str:
    """Text of a plotly figure without its markup."""
    without = re.sub(r"<(?!br)[^>]*>", "", text)
    return html.unescape(without.replace("<br>", "\n")).replace("$", r"\$")
