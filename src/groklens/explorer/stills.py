"""Pictures of single steps on one scale, so that what moves while a slider is moved is the model."""

from __future__ import annotations

from typing import Any

from groklens.views import Figure


def at_first(figure: Figure) -> Figure:
    """The figure as it stands at the first of its steps, without slider and buttons."""
    drawn = figure.plotly
    for frame in drawn.frames[:1]:
        for place, changed in zip(frame.traces, frame.data, strict=True):
            drawn.data[place].update(changed)
    drawn.frames = []
    drawn.layout.sliders = drawn.layout.updatemenus = None
    return figure


def on_scale_of(figure: Figure, last: Figure) -> Figure:
    """The figure on axes and colours that hold what the picture of the last step holds too.

    Where an earlier step has larger numbers than the last, its scale is the larger one that it needs.
    """
    shown, other = figure.plotly, last.plotly
    for name in shown.layout:
        if name.startswith(("xaxis", "yaxis")) and shown.layout[name].range and other.layout[name].range:
            ends = [*shown.layout[name].range, *other.layout[name].range]
            shown.layout[name].range = [min(ends), max(ends)]
    for trace, beside in zip(shown.data, other.data, strict=False):
        if trace.type == beside.type == "heatmap" and None not in (trace.zmin, beside.zmin):
            trace.zmin, trace.zmax = min(trace.zmin, beside.zmin), max(trace.zmax, beside.zmax)
    return figure


def called(figure: Figure, trace: int, ids: list[Any]) -> Figure:
    """The figure whose points of one trace are known by these ids when they are clicked."""
    figure.plotly.data[trace].customdata = ids
    return figure
