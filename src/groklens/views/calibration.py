"""`gl.views.calibration`: the share of runs that changed, beside the chance that was forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groklens.errors import BadArgument, described
from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.labels import drawn, title
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES, INK
from groklens.views.inputs import is_table
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr


def calibration(table: xr.Dataset) -> Figure:
    """The share of runs that changed over the chance that was forecast, one point for as many runs each.

    On the dotted line what is forecast with a chance of 30 % happens in 30 % of the runs; below it forecasts promise
    too much, above it too little. Bars are 95 % intervals (Wilson) and say how few runs a point has.

    Args:
        table: from `gl.forecasts.calibration(chance, changes)`; with an axis `forecaster`, one colour for each.

    Raises `BadArgument` for another table.

    >>> gl.views.calibration(gl.forecasts.calibration(chance, changes))  # doctest: +SKIP
    """
    import plotly.graph_objects as go

    if not is_table(table) or "observed" not in table or "forecast" not in table:
        raise BadArgument(
            f"calibration draws what was forecast beside what happened, and {described(table)} was given; make the "
            "table by gl.forecasts.calibration(chance, changes)."
        )
    figure = go.Figure()
    dotted = {"color": INK, "width": 1, "dash": "dot"}
    figure.add_scatter(
        x=[0.0, 1.0], y=[0.0, 1.0], mode="lines", line=dotted, name="calibrated", hoverinfo="skip"
    )
    named = "forecaster" in table.dims
    names = [str(each) for each in table["forecaster"].values] if named else ["forecast"]
    for i, name in enumerate(names):
        _draw(figure, table.isel(forecaster=i) if named else table, name, HUES[i % len(HUES)])
    lay_out_across(figure, axis(drawn(title(table["forecast"])), range=[-0.03, 1.03], tickformat=".0%"))
    lay_out_up(
        figure, axis(drawn(title(table["observed"]), beside=True), range=[-0.03, 1.03], tickformat=".0%")
    )
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0.01}
    margin = {"l": 16, "r": 16, "t": 34, "b": 110}
    lay_out(figure, layout(460, legend=legend, margin=margin, hovermode="closest"))
    said = f": {', '.join(names)}" if named else ""
    return Figure(
        figure, f"Share of runs that changed over the chance that was forecast{said}; 95 % intervals."
    )


def _draw(figure: object, found: xr.Dataset, name: str, colour: str) -> None:
    """One forecaster's points with their intervals."""
    chance, gap = found["forecast"].values.tolist(), float("nan")
    ends = zip(found["low"].values.tolist(), found["high"].values.tolist(), strict=True)
    bars = [
        [each for pair in ends for each in (*pair, gap)],
        [x for each in chance for x in (each, each, gap)],
    ]
    thin = {"color": colour, "width": 1}
    beside = {"legendgroup": name, "showlegend": False, "hoverinfo": "skip", "mode": "lines", "line": thin}
    figure.add_scatter(y=bars[0], x=bars[1], **beside)  # type: ignore[attr-defined]
    figure.add_scatter(  # type: ignore[attr-defined]
        x=chance,
        y=found["observed"].values,
        customdata=found["runs"].values,
        name=drawn(name),
        legendgroup=name,
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"color": colour, "size": 8},
        hovertemplate=f"forecast %{{x:.0%}}, happened %{{y:.0%}} of %{{customdata}} runs<extra>{drawn(name)}</extra>",
    )
