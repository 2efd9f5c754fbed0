"""`gl.views.clusters`: which component explains each neuron best, and how much of it, over steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.errors import BadArgument, described
from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.history import add_history, two_rows
from groklens.views.drawing.labels import bare_title, drawn, kind_on, named_on, step_names, title, variable
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import OTHER, component_colours, faded
from groklens.views.drawing.slider import add_slider
from groklens.views.inputs import components_of, table_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

    from groklens.harmonics import ComponentName

#: A cluster narrower than this share of the axis has no room for its name below it.
_ROOM = 0.045


def clusters(
    source: Any,
    highlight: Sequence[ComponentName] | None = None,
    order: Sequence[int] | None = None,
) -> Figure:
    """The component that explains each neuron best, and how much of it, with a slider over steps.

    A bar near 1 is a neuron that computes a function of one component, near 0 one that follows none. Bars
    have the colours of the circuit's components, grey for any other. Neurons stand in the order of the last
    step, by component and then by share, so that clusters which form late are seen forming. The map below
    has every kept step, time running down, fainter where less is explained. A table of one step has the
    bars alone.

    Args:
        source: a table with `neuron_component` and `neuron_explained`, a run, a snapshot or an explanation.
        highlight: components to colour; the circuit's when not given.
        order: the neurons from left to right, so that pictures of single steps can be laid beside each other; that of
            the last step when not given.

    Raises `UnknownName` where a table lacks one of the two, `BadArgument` for an order that leaves neurons out.

    >>> gl.views.clusters(table)  # doctest: +SKIP
    """
    table = table_of(source, ["neuron_component", "neuron_explained"])
    drawing = _Drawing.of(table, components_of(source, highlight), order)
    has_steps = len(drawing.share) > 1
    figure = two_rows(has_steps)
    legend = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "itemclick": False}
    lay_out(figure, layout(640 if has_steps else 380, bargap=0, legend=legend))
    first_row, last_row = ({"row": 1, "col": 1}, {"row": 2}) if has_steps else ({}, {})
    figure.add_bar(x=np.arange(len(drawing.order)), showlegend=False, **drawing.bars(-1), **first_row)
    share_title = title(table["neuron_explained"])
    lay_out_up(figure, axis(drawn(share_title, beside=True), range=[0, 1.02]), **first_row)
    if has_steps:
        _add_steps(figure, drawing, table)
    _add_legend(figure, drawing.shown, table)
    lay_out_across(figure, _neuron_axis(drawing))
    neuron_title = title(table["neuron"]) if "neuron" in table.coords else "neuron"
    lay_out_across(figure, {"title": {"text": drawn(neuron_title)}}, **last_row)
    return Figure(figure, f"{share_title}, for every neuron.")


@dataclass(frozen=True)
class _Drawing:
    """What is drawn of the neurons: step × neuron arrays, their order on the axis, the components in colour.

    `code` is the place of a neuron's component among those shown, len(shown) for any other; `word` is what
    components are called, frequency or irrep.
    """

    best: np.ndarray
    share: np.ndarray
    code: np.ndarray
    order: np.ndarray
    shown: list[ComponentName]
    word: str

    @classmethod
    def of(cls, table: xr.Dataset, shown: list[ComponentName], order: Sequence[int] | None) -> _Drawing:
        best = variable(table, "neuron_component").values
        share = variable(table, "neuron_explained").values
        code = np.full(best.shape, len(shown), dtype=np.min_scalar_type(len(shown)))
        for place, component in enumerate(shown):
            code[best == component] = place
        by_cluster = np.lexsort((-np.nan_to_num(share[-1]), best[-1].astype(str), code[-1]))
        chosen = by_cluster if order is None else _checked(order, len(by_cluster))
        coordinate = table["component"] if "component" in table.coords else None
        return cls(best, share, code, chosen, shown, kind_on(coordinate, best.flat[0].item()))

    @property
    def colours(self) -> list[str]:
        return [*component_colours(self.shown).values(), OTHER]

    def bars(self, row: int) -> dict[str, Any]:
        """The bars of one step, by row of the table."""
        components = self.best[row][self.order].tolist()
        said = [list(pair) for pair in zip(self.order.tolist(), components, strict=True)]
        # By name: of bars whose colours are numbers on a scale, plotly warns that numbers are no colours.
        colours = [self.colours[code] for code in self.code[row][self.order]]
        return {
            "y": self.share[row][self.order].astype(np.float32),
            "customdata": said,
            "marker": {"color": colours, "line": {"width": 0}},
            "hovertemplate": f"neuron %{{customdata[0]}}, {self.word} %{{customdata[1]}}: "
            "%{y:.3f}<extra></extra>",
        }

    def heat(self) -> dict[str, Any]:
        """All steps as one byte per cell: each component has its stretch of the scale, from pale to full."""
        levels = max(256 // len(self.colours), 4)
        grades = np.round(np.nan_to_num(self.share).clip(0, 1) * (levels - 1)).astype(int)
        top = len(self.colours) * levels - 1
        scale = []
        for i, colour in enumerate(self.colours):
            scale.append([i * levels / top, faded(colour, 0.02)])
            scale.append([(i * levels + levels - 1) / top, faded(colour, 0.45 if colour == OTHER else 1)])
        return {
            "z": (self.code.astype(int) * levels + grades)[:, self.order].astype(np.min_scalar_type(top)),
            "zmin": 0,
            "zmax": top,
            "colorscale": scale,
            "showscale": False,
            "hovertemplate": "step %{y}<extra></extra>",
        }


def _checked(order: Sequence[int], count: int) -> np.ndarray:
    if sorted(order) != list(range(count)):
        raise BadArgument(
            f"order is {described(order)}; give the numbers of all {count} neurons, each once, from left to right."
        )
    return np.asarray(order)


def _add_steps(figure: go.Figure, drawing: _Drawing, table: xr.Dataset) -> None:
    steps, places = step_names(table), range(len(drawing.order))
    lines = add_history(figure, drawing.heat(), places, (0, len(places) - 1), steps, title(table["step"]))
    bars = [{"type": "bar", **drawing.bars(row)} for row in range(len(steps))]
    add_slider(figure, list(zip(bars, lines, strict=True)), [0, 2], steps, drawn(bare_title(table["step"])))


def _add_legend(figure: go.Figure, shown: list[ComponentName], table: xr.Dataset) -> None:
    coordinate = table["component"] if "component" in table.coords else None
    named = [(named_on(coordinate, name), colour) for name, colour in component_colours(shown).items()]
    for text, colour in [*named, ("any other" if named else "any component", OTHER)]:
        marker = {"color": colour, "size": 10, "symbol": "square"}
        figure.add_scatter(
            x=[None], y=[None], mode="markers", marker=marker, name=drawn(text), hoverinfo="skip"
        )


def _neuron_axis(drawing: _Drawing) -> dict[str, Any]:
    """Ticks below the middle of each cluster that has room for its name."""
    last = drawing.code[-1][drawing.order]
    ticks = []
    for code, component in enumerate(drawing.shown):
        places = np.flatnonzero(last == code)
        if len(places) >= _ROOM * len(last):
            ticks.append((float(places[len(places) // 2]), drawn(str(component))))
    return axis(
        "",
        showgrid=False,
        range=[-0.5, len(last) - 0.5],
        tickvals=[at for at, _ in ticks],
        ticktext=[text for _, text in ticks],
        tickangle=0,
    )
