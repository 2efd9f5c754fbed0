"""Nested values put into a figure's layout, one property after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go


def lay_out(figure: go.Figure, values: Mapping[str, Any]) -> None:
    """Give a figure's layout these values, and leave in it what they do not name.

    As `figure.update_layout(values)` does. That one notifies a layout of every number in it, which takes most of the
    time that a figure of nine panels does.
    """
    from plotly.basedatatypes import BasePlotlyType

    for name, value in values.items():
        held = figure.layout[name]
        figure.layout[name] = _put(held.to_plotly_json() if isinstance(held, BasePlotlyType) else held, value)


def lay_out_across(figure: go.Figure, values: Mapping[str, Any], **at: int) -> None:
    """The same for axes across: all of the figure's, or those at this `row` and `col`."""
    lay_out(figure, {each.plotly_name: values for each in figure.select_xaxes(**at)})


def lay_out_up(figure: go.Figure, values: Mapping[str, Any], **at: int) -> None:
    """The same for axes up."""
    lay_out(figure, {each.plotly_name: values for each in figure.select_yaxes(**at)})


def _put(held: Any, value: Any) -> Any:
    """A value in the place of what is held, or among it where both have names in them."""
    if not (isinstance(held, Mapping) and isinstance(value, Mapping)):
        return value
    return {**held, **{name: _put(held.get(name), each) for name, each in value.items()}}
