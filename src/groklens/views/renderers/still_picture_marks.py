"""Drawing plotly's lines, bars and maps by matplotlib."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

_DASHES = {"dash": (0, (5, 3)), "dot": (0, (1.2, 2)), None: "-", "solid": "-"}
_MARKERS = {"square": "s", "diamond": "D", "circle": "o", "line-ns-open": "|", None: "o"}
#: How lines go from point to point.
_SHAPES = {"hv": "steps-post", "vh": "steps-pre", None: "default", "linear": "default"}


def draw(trace: Any, place: Axes, pair: tuple[str, str], layout: Any) -> None:
    """Draw one trace in its axes; kinds that no view uses are left out."""
    kinds = {"scatter": _scatter, "bar": _bar, "heatmap": _heatmap}
    if trace.type in kinds and trace.visible is not False:
        kinds[trace.type](trace, place, layout)


def rgba(colour: Any) -> Any:
    """A plotly colour as a matplotlib one."""
    found = re.fullmatch(r"rgba?\(([^)]*)\)", str(colour))
    if not found:
        return colour
    parts = [float(part) for part in found.group(1).split(",")]
    return (*(part / 255 for part in parts[:3]), *parts[3:])


def is_category(axis: Any) -> bool:
    """Whether a plotly axis is categorical."""
    return axis.type == "category"


def _places(values: Any, place: Axes, letter: str) -> np.ndarray:
    """Coordinates of values: categories one after another, with ticks that name them."""
    array = np.asarray(values)
    if array.dtype.kind not in "OUS" or all(_is_number(each) for each in array.tolist()):
        return array.astype(float)
    names = array.astype(str).tolist()
    known: list[str] = getattr(place, f"_names_{letter}", [])
    known += [name for name in dict.fromkeys(names) if name not in known]
    setattr(place, f"_names_{letter}", known)
    # Names below an axis stand beside each other, so there is room for fewer of the longer ones.
    room = 12 if letter == "y" else min(12, max(1, 60 // max(map(len, known))))
    shown = range(0, len(known), max(1, -(-len(known) // room)))
    getattr(place, f"set_{letter}ticks")(list(shown), [html.unescape(known[i]) for i in shown])
    return np.array([known.index(name) for name in names], dtype=float)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


def _scatter(trace: Any, place: Axes, layout: Any) -> None:
    if trace.x is None or trace.y is None:
        return
    x, y = _places(trace.x, place, "x"), _places(trace.y, place, "y")
    mode, name = trace.mode or "lines", trace.name if trace.showlegend is not False else None
    colour = rgba(trace.line.color or _INK)
    if trace.fill == "tonexty":
        _fill(trace, x, y, place)
    place._edge = y  # type: ignore[attr-defined]  # what the next line may be filled up to
    if "lines" in mode and trace.line.width != 0:
        style, width = _DASHES.get(trace.line.dash, "-"), 0.75 * float(trace.line.width or 2)
        # Without an opacity of the trace's own, its colour's holds.
        how = {"alpha": trace.opacity, "drawstyle": _SHAPES.get(trace.line.shape, "default")}
        place.plot(x, y, color=colour, linewidth=width, linestyle=style, label=_label(name), zorder=2, **how)
        name = None
    if "markers" in mode:
        fill, sizes = _marker_colours(trace, colour), np.asarray(trace.marker.size or 6, dtype=float)
        marker = _MARKERS.get(trace.marker.symbol, "o")
        edge = 1.5 if marker == "|" else 0
        place.scatter(
            x, y, s=(0.75 * sizes) ** 2, c=fill, marker=marker, linewidths=edge, label=_label(name), zorder=3
        )
    if "text" in mode:
        _texts(trace, x, y, place)


def _fill(trace: Any, x: np.ndarray, y: np.ndarray, place: Axes) -> None:
    """Fill between this line and the one drawn before it, which has as many points."""
    edge = getattr(place, "_edge", None)
    if edge is not None and len(edge) == len(y):
        step: Any = {"hv": "post", "vh": "pre"}.get(trace.line.shape)
        place.fill_between(x, y, edge, color=rgba(trace.fillcolor), linewidth=0, step=step, zorder=1)


_INK = "#4a525c"
_ALIGN = {"left": "right", "right": "left"}
_UP = {"top": "bottom", "bottom": "top"}


def _texts(trace: Any, x: np.ndarray, y: np.ndarray, place: Axes) -> None:
    words = [trace.text] * len(x) if isinstance(trace.text, str) else list(trace.text)
    where = trace.textposition or "middle center"
    beside = [where] * len(x) if isinstance(where, str) else list(where)
    size = 0.7 * float(trace.textfont.size or 12)
    away = 3 + 0.375 * float(np.max(trace.marker.size or 0)) if "markers" in trace.mode else 5
    for at, height, word, side in zip(x, y, words, beside, strict=True):
        up, _, across = side.partition(" ")
        shift = ({"left": -1, "right": 1}.get(across, 0) * away, {"top": 1, "bottom": -1}.get(up, 0) * away)
        if word:
            place.annotate(
                html.unescape(re.sub("<br>", "\n", str(word))),
                (at, height),
                xytext=shift,
                textcoords="offset points",
                ha=_ALIGN.get(across, "center"),
                va=_UP.get(up, "center"),
                fontsize=size,
                color=rgba(trace.textfont.color or _INK),
            )


def _marker_colours(trace: Any, otherwise: Any) -> Any:
    colour = trace.marker.color
    if colour is None:
        return [otherwise]
    if isinstance(colour, str):
        return [rgba(colour)]
    if isinstance(colour[0], str):
        return [rgba(each) for each in colour]
    return _mapped(np.asarray(colour, dtype=float), trace.marker)


def _mapped(values: np.ndarray, marker: Any) -> Any:
    low = float(values.min()) if marker.cmin is None else marker.cmin
    high = float(values.max()) if marker.cmax is None else marker.cmax
    return _colours(marker.colorscale)((values - low) / max(high - low, 1e-12))


def _bar(trace: Any, place: Axes, layout: Any) -> None:
    x = _places(trace.x, place, "x")
    width = 1 - float(layout.bargap if layout.bargap is not None else 0.2)
    heights = np.asarray(trace.y, dtype=float)
    place.bar(
        x, np.nan_to_num(heights), width=width, color=_marker_colours(trace, _INK), linewidth=0, zorder=2
    )
    words = trace.text if isinstance(trace.text, (tuple, list, np.ndarray)) else []
    for at, height, word in zip(x, heights, words, strict=False):
        if word:
            place.annotate(str(word), (at, height), ha="center", va="bottom", fontsize=7.5, color=_INK)


def _heatmap(trace: Any, place: Axes, layout: Any) -> None:
    z = np.asarray(trace.z, dtype=float)
    x = _places(trace.x, place, "x") if trace.x is not None else np.arange(z.shape[1])
    y = _places(trace.y, place, "y") if trace.y is not None else np.arange(z.shape[0])
    low = np.nanmin(z) if trace.zmin is None else trace.zmin
    high = np.nanmax(z) if trace.zmax is None else trace.zmax
    ends = (*_ends(x), *_ends(y))
    drawn = place.imshow(
        z,
        cmap=_colours(trace.colorscale),
        vmin=low,
        vmax=high,
        extent=ends,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    if trace.texttemplate == "%{text}":
        for (row, column), word in np.ndenumerate(np.asarray(trace.text)):
            place.text(x[column], y[row], str(word), ha="center", va="center", fontsize=7.5, color="#111111")
    if layout.plot_bgcolor and np.isnan(z).any():
        place.set_facecolor(rgba(layout.plot_bgcolor))
    if trace.showscale is not False:
        bar = place.figure.colorbar(drawn, ax=place, fraction=0.05, pad=0.03)
        bar.ax.tick_params(labelsize=7.5, colors=_INK)
        bar.outline.set_visible(False)
        if trace.colorbar.ticktext is not None:
            bar.set_ticks(list(trace.colorbar.tickvals), labels=list(trace.colorbar.ticktext))
        bar.set_label(html.unescape(trace.colorbar.title.text or ""), fontsize=8, color=_INK)


def _ends(values: np.ndarray) -> tuple[float, float]:
    half = 0.5 * (values[-1] - values[0]) / max(len(values) - 1, 1) or 0.5
    return values[0] - half, values[-1] + half


def _colours(scale: Any) -> Colormap:
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    if scale is None:
        return colormaps["viridis"]
    return LinearSegmentedColormap.from_list("scale", [(at, rgba(colour)) for at, colour in scale])


def _label(name: str | None) -> str:
    return html.unescape(re.sub("<br>", " ", name)) if name else "_"
