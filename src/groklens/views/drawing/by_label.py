"""Panels of curves over training steps, a colour a label (reference, head), every seed a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from groklens.views.drawing.axes import StepAxis, axis, layout
from groklens.views.drawing.curve import curve, scale
from groklens.views.drawing.labels import drawn, title
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES, faded

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

_PANEL_HEIGHT = 225


def panels_by_label(
    table: xr.Dataset,
    rows: Sequence[xr.DataArray],
    levels: Mapping[int, xr.DataArray] | None = None,
    log_steps: bool = True,
) -> go.Figure:
    """One panel a variable (step, maybe × label, maybe × seed), labels in the same colours in all of them.

    `levels` has, by panel, numbers by label that are drawn as level lines: what a reference would have there.
    """
    from plotly.subplots import make_subplots

    steps = StepAxis.of(table, log=log_steps)
    figure = make_subplots(rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=0.14 / len(rows))
    colours, shown = _colours([*rows, *(levels or {}).values()]), set[str]()
    for row, found in enumerate(rows, start=1):
        for label, line in _by_label(found):
            name = label or str(found.attrs.get("long_name", found.name))
            _draw(figure, line, name, colours.get(label, HUES[-1]), steps, row, shown)
        level = (levels or {}).get(row - 1)
        for label, line in [] if level is None else _by_label(level):
            _level(figure, float(line), label, colours[label], steps, row)
        # Next-token losses lie within a fraction of a nat, where a log axis has nothing to add.
        ends = {name: value for name, value in scale([found]).items() if name in ("range", "rangemode")}
        lay_out_up(figure, axis(drawn(title(found), beside=True), **ends), row=row)
    lay_out(figure, _layout(len(rows)))
    lay_out_across(figure, steps.axis(""))
    lay_out_across(figure, {"title": {"text": drawn(title(table["step"]) + steps.since)}}, row=len(rows))
    return figure


def _colours(found: Sequence[xr.DataArray]) -> dict[str, str]:
    labels = dict.fromkeys(label for each in found for label, _ in _by_label(each) if label)
    return {label: HUES[place % len(HUES)] for place, label in enumerate(labels)}


def _by_label(found: xr.DataArray) -> list[tuple[str, xr.DataArray]]:
    """The parts of a variable by label; one without a name where it has none."""
    over = [dim for dim in found.dims if dim not in ("step", "seed")]
    if not over:
        return [("", found)]
    return [(str(label), found.sel({over[0]: label})) for label in found[over[0]].values]


def _draw(
    figure: go.Figure, found: xr.DataArray, name: str, colour: str, steps: StepAxis, row: int, shown: set[str]
) -> None:
    seeds = [found] if "seed" not in found.dims else [found.isel(seed=i) for i in range(found.sizes["seed"])]
    for line in seeds:
        trace: dict[str, Any] = curve(line, colour, steps)
        trace |= {"name": drawn(name), "legendgroup": name, "showlegend": name not in shown}
        trace["hovertemplate"] = f"{drawn(name)}: %{{y:.4g}} at step %{{customdata:,}}<extra></extra>"
        if len(seeds) > 1:
            trace |= {"mode": "lines", "line": {"color": faded(colour, 0.5), "width": 1.2}}
        shown.add(name)
        figure.add_scatter(row=row, col=1, **trace)


def _level(figure: go.Figure, height: float, label: str, colour: str, steps: StepAxis, row: int) -> None:
    """A dashed line across the panel."""
    figure.add_scatter(
        row=row,
        col=1,
        x=[steps.start, steps.last],
        y=[height, height],
        name=drawn(label),
        legendgroup=label,
        showlegend=False,
        mode="lines",
        line={"color": colour, "width": 1.4, "dash": "dash"},
        hovertemplate=f"{drawn(label)}: %{{y:.4g}}<extra></extra>",
    )


def _layout(n_panels: int) -> dict[str, Any]:
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "xref": "container"}
    margin = {"l": 16, "r": 16, "t": 30, "b": 100}
    height = n_panels * _PANEL_HEIGHT + 130
    return layout(height, legend=legend | {"x": 0.01}, margin=margin, hovermode="closest")
