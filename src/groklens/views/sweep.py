"""`gl.views.sweep`: variables over any one axis (width, number of examples, label noise), with every seed drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument, UnknownName, described
from groklens.views.drawing.axes import StepAxis, axis, layout
from groklens.views.drawing.labels import drawn, shared_title, title
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES, INK, faded
from groklens.views.inputs import is_table
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

_PANEL_HEIGHT = 260
#: From more seeds on, lines are fainter and have no dots.
_MANY = 8


def sweep(
    table: xr.Dataset,
    names: Sequence[str] | None = None,
    marks: Mapping[str, float] | None = None,
    log_x: bool = True,
    log_y: bool = False,
) -> Figure:
    """Variables over the table's one axis, one panel per unit and one thin line per seed.

    The spread is what is seen: no mean is drawn. Lines of one variable lie together where a result holds for
    every seed, and apart where it rests on one.

    Args:
        table: variables with one dimension in common, and at most a second one, `seed`.
        names: which variables; all of those when not given.
        marks: named places on the axis, drawn as dotted lines: an interpolation threshold.
        log_x, log_y: whether the axes are logarithmic.

    Raises `UnknownName` for a variable that the table does not have, `BadArgument` where the variables do not
    lie along one axis.

    >>> gl.views.sweep(table, ["test_error"], {"train error is 0": 24})  # doctest: +SKIP
    """
    from plotly.subplots import make_subplots

    if not is_table(table):
        raise BadArgument(
            f"sweep draws a table over the axis of a sweep, and {described(table)} was given; for measures over the "
            "steps of a run: gl.views.curves(run)."
        )
    variables = _chosen(table, names)
    along = _axis_of(variables)
    panels: dict[str, list[xr.DataArray]] = {}
    for each in variables:
        panels.setdefault(str(each.attrs.get("units")), []).append(each)
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.14 / len(panels))
    hues = cycle(HUES)
    for row, panel in enumerate(panels.values(), start=1):
        coloured = [(each, next(hues)) for each in panel]
        for each, colour in sorted(coloured, key=lambda pair: "seed" not in pair[0].dims):
            _draw(figure, each, along, colour, row)  # what has no seeds is drawn over what has
        heading = title(panel[0]) if len(panel) == 1 else shared_title(panel)
        scale: dict[str, Any] = {"type": "log"} if log_y else {}
        lay_out_up(figure, axis(drawn(heading, beside=True), **scale), row=row)
    lay_out(figure, _layout(len(panels)))
    places = _Places.of(table[along], log_x)
    lay_out_across(figure, places.axis())
    lay_out_across(figure, {"title": {"text": drawn(title(table[along]))}}, row=len(panels))
    for name, at in (marks or {}).items():
        _mark(figure, name, at, places)
    shown = ", ".join(str(each.attrs.get("long_name", each.name)) for each in variables)
    return Figure(figure, f"Over {title(table[along])}: {shown}.")


@dataclass(frozen=True)
class _Places:
    """Coordinates on the sweep's axis, as plotly wants them: exponents for log axes."""

    first: float
    last: float
    log: bool

    @classmethod
    def of(cls, coordinate: xr.DataArray, log: bool) -> _Places:
        values = [float(value) for value in coordinate.values.tolist()]
        if log and min(values) <= 0:
            raise BadArgument(f"{coordinate.name} starts at {min(values):g}; draw it with log_x=False.")
        return cls(min(values), max(values), log)

    def at(self, place: float) -> float:
        return math.log10(place) if self.log else place

    @property
    def ends(self) -> list[float]:
        first, last = self.at(self.first), self.at(self.last)
        room = 0.03 * (last - first) or 0.5
        return [first - room, last + room]

    def axis(self) -> dict[str, Any]:
        """The axis in plotly's terms; a log axis with labels that do not overlap."""
        if not self.log:
            return axis("", type="linear", range=self.ends)
        if self.first == self.last:
            return axis("", type="log", range=self.ends)
        return StepAxis(self.first, self.last, True).axis("") | {"range": self.ends}

    def is_late(self, place: float) -> bool:
        first, last = self.ends
        return self.at(place) > first + 0.65 * (last - first)


def _chosen(table: xr.Dataset, names: Sequence[str] | None) -> list[xr.DataArray]:
    chosen = list(table.data_vars) if names is None else list(names)
    for name in chosen:
        if name not in table.data_vars:
            held = ", ".join(map(str, table.data_vars)) or "no variables"
            raise UnknownName(f"The table has no {name!r}; it has {held}.")
    if not chosen:
        raise BadArgument("There is no variable to draw; give a table that has one, or name some.")
    return [table[name] for name in chosen]


def _axis_of(variables: Sequence[xr.DataArray]) -> str:
    axes = {str(dim) for each in variables for dim in each.dims} - {"seed"}
    if len(axes) != 1:
        found = ", ".join(sorted(axes)) or "none"
        raise BadArgument(
            f"A sweep lies along one axis besides 'seed'; these variables have {found}. "
            "Select from the others, as in table.isel(…), or name fewer variables."
        )
    return axes.pop()


def _draw(figure: go.Figure, found: xr.DataArray, along: str, colour: str, row: int) -> None:
    name = drawn(str(found.attrs.get("long_name", found.name)))
    lines = [found] if "seed" not in found.dims else [found.isel(seed=i) for i in range(found.sizes["seed"])]
    alone, many = len(lines) == 1, len(lines) > _MANY
    for place, line in enumerate(lines):
        figure.add_scatter(
            row=row,
            col=1,
            x=line[along].values.astype(float),
            y=line.values.astype(float),
            name=name,
            legendgroup=name,
            showlegend=place == 0,
            mode="lines" if many else "lines+markers",
            line={
                "color": colour if alone else faded(colour, 0.3 if many else 0.6),
                "width": 2 if alone else 1,
            },
            marker={"size": 4.5, "color": colour},
            hovertemplate=f"%{{y:.4g}} at %{{x:.6g}}<extra>{name}</extra>",
        )


def _layout(n_panels: int) -> dict[str, Any]:
    legend = {
        "orientation": "h",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "xref": "container",
        "x": 0.01,
    }
    margin = {"l": 16, "r": 16, "t": 48, "b": 100}
    height = n_panels * _PANEL_HEIGHT + 148
    return layout(height, legend=legend, margin=margin, hovermode="closest")


def _mark(figure: go.Figure, name: str, at: float, places: _Places) -> None:
    line = {"color": INK, "width": 1, "dash": "dot"}
    figure.add_shape(
        type="line", name=name, xref="x", yref="paper", x0=at, x1=at, y0=0, y1=1, layer="below", line=line
    )
    figure.add_annotation(
        text=drawn(name),
        x=places.at(at),
        xanchor="right" if places.is_late(at) else "left",
        y=1,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
        font={"size": 12, "color": INK},
    )
