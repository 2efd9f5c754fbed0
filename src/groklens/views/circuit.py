"""`gl.views.circuit`: the circuit as a diagram from tokens by heads and clusters of neurons to the logits."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.claims import LEAST_CHANGE, change, named, number
from groklens.errors import BadArgument
from groklens.views.drawing.axes import layout
from groklens.views.drawing.labels import no_group
from groklens.views.drawing.lay_out import lay_out_across, lay_out_up
from groklens.views.drawing.palette import INK, OTHER, component_colours, faded
from groklens.views.inputs import circuit_of, final_of, is_table
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

    from groklens.hypotheses import AnyCircuit
    from groklens.interventions import Edge, Node
    from groklens.snapshots import Snapshot

#: Columns from left to right, and what stands above them.
_COLUMNS = {
    "token": "tokens",
    "head": "heads",
    "cluster": "neurons",
    "neurons": "neurons",
    "logits": "logits",
}
#: Thickness in pixels of the edge that matters most, and of those that matter not.
_THICK, _THIN = 14.0, 0.6
#: Where the legend stands, the diagram being from 0 to 1.
_BELOW = -0.19
#: An edge below this share of the largest is faint, and says nothing on hover.
_FAINT = 0.02


def circuit(source: Any, circuit: AnyCircuit | None = None) -> Figure:
    """Diagram of tokens → heads → clusters of neurons → logits, each edge as thick as the loss that depends on it.

    An edge's thickness is the square root of how much the loss rises when it carries its mean over the inputs
    (`gl.interventions.edges`), so that edges a tenth as important are still seen; the legend says how many nats
    a thickness is, and hovering over an edge's dot gives the numbers, for clusters beside those of as many random
    neurons. A thick edge matters by itself; faint ones, below 2 % of the thickest, have no dot and can be cut one
    at a time with little harm, which does not mean that all can be. Colours are the circuit's components; a
    cluster is the neurons that one component explains, grey the rest.

    Args:
        source: the table that `gl.interventions.edges` gave; or a snapshot, or a run or explanation, whose last
            snapshot is measured first.
        circuit: whose clusters to draw; that of the source when not given.

    Raises `BadArgument` where there is no circuit to draw, or no neurons were found in the model.

    >>> gl.views.circuit(run)  # doctest: +SKIP
    """
    from groklens.interventions import edges_in

    table = source if is_table(source) and "edge" in source.dims else _measured(source, circuit)
    found, chosen = edges_in(table), circuit_of(table)
    assert chosen is not None  # every table of edges says whose they are
    most = _nats(max(edge.effect for edge in found))
    text = f"{table.attrs['task']}: what each edge of {chosen} is worth, {most} nats at most."
    return Figure(_diagram(found, component_colours(chosen.components)), text)


def _measured(source: Any, circuit: AnyCircuit | None) -> xr.Dataset:
    """The edges of the last snapshot of a source."""
    from groklens.hypotheses import as_circuit, circuit_such_as

    final = final_of(source)
    if final.anatomy.neurons is None:
        raise BadArgument(f"There are no clusters of neurons to draw: {final.anatomy.no_neurons_in(final)}.")
    chosen = circuit_of(source) if circuit is None else as_circuit(circuit, final.task)
    if chosen is None and final.task.symmetry is None:
        raise BadArgument(no_group("A circuit is", final.task.name))
    if chosen is None:
        raise BadArgument(
            f"{final!r} has no circuit that survived its controls, so there is none to draw; to look at one of "
            f"your own, name it: gl.views.circuit(run, {circuit_such_as(final.task)})."
        )
    return final.remembered(_edges, chosen)


def _edges(snapshot: Snapshot, circuit: AnyCircuit) -> xr.Dataset:
    """Measured once for all pictures of a snapshot, a report's among them: it is half of what one takes to draw."""
    from groklens.interventions import edges

    return edges(snapshot, circuit)


def _nats(effect: float) -> str:
    return number(effect) if abs(effect) >= LEAST_CHANGE else f"under {LEAST_CHANGE}"


def _diagram(found: Sequence[Edge], colours: dict[Any, str]) -> go.Figure:
    import plotly.graph_objects as go

    places, titles = _places(found)
    largest = max(max(edge.effect for edge in found), 1e-12)
    tallest = max(len([1 for x, _ in places.values() if x == column]) for column in range(len(titles)))
    figure = go.Figure(layout=layout(max(320, 70 * tallest + 90) + 50, showlegend=False))
    for edge in sorted(found, key=lambda each: each.effect):
        figure.add_scatter(**_line(edge, places, largest, colours))
    seen = [edge for edge in found if edge.effect > _FAINT * largest]
    figure.add_scatter(**_hovers(seen, places, colours))
    figure.add_scatter(**_dots(places, colours))
    for sample in _legend(largest, len(titles) - 1):
        figure.add_scatter(**sample)
    for column, title in enumerate(titles):
        figure.add_annotation(x=column, y=1.0, yref="paper", yanchor="bottom", text=title, showarrow=False)
    lay_out_across(figure, {"visible": False, "range": [-0.3, len(titles) - 0.7]})
    lay_out_up(figure, {"visible": False, "range": [-0.24, 1.08]})
    return figure


def _width(share: float) -> float:
    """Width in pixels of an edge with this share of the largest effect."""
    return _THIN + _THICK * max(share, 0.0) ** 0.5


def _legend(largest: float, columns: int) -> list[dict[str, Any]]:
    """Three sample lines below the diagram that relate thickness to nats."""
    top = float(f"{largest:.0e}")
    samples = []
    for place, effect in enumerate((top, top / 4, top / 25)):
        left = columns * place / 3
        line = {"color": OTHER, "width": _width(effect / largest)}
        label = {
            "text": ["", f"\u2002{_nats(effect)}{'' if place else ' nats'}"],
            "textposition": "middle right",
        }
        samples.append(
            {
                "x": [left, left + columns / 12],
                "y": [_BELOW, _BELOW],
                "mode": "lines+text",
                "line": line,
                "hoverinfo": "skip",
                "textfont": {"size": 12, "color": INK},
                **label,
            }
        )
    return samples


Places = dict["Node", tuple[int, float]]


def _places(found: Sequence[Edge]) -> tuple[Places, list[str]]:
    """Position of each node: its column, and its height from 0 to 1."""
    nodes = list(dict.fromkeys(node for edge in found for node in (edge.source, edge.target)))
    titles = [
        title for title in dict.fromkeys(_COLUMNS.values()) if any(_COLUMNS[n.kind] == title for n in nodes)
    ]
    places: Places = {}
    for column, title in enumerate(titles):
        own = [node for node in nodes if _COLUMNS[node.kind] == title]
        heights = (np.arange(len(own), 0, -1) - 0.5) / len(own)
        places |= {node: (column, float(height)) for node, height in zip(own, heights, strict=True)}
    return places, titles


def _line(edge: Edge, places: Places, largest: float, colours: dict[Any, str]) -> dict[str, Any]:
    share = edge.effect / largest
    colour = faded(_colour(edge, colours), 0.75 if share > _FAINT else 0.25)
    x, y = _path(places[edge.source], places[edge.target])
    line = {"color": colour, "width": _width(share)}
    return {"x": x, "y": y, "mode": "lines", "line": line, "hoverinfo": "skip"}


def _path(start: tuple[int, float], end: tuple[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """An edge as a curve that leaves and arrives level, so that edges can be told apart at nodes."""
    t = np.linspace(0, 1, 24)
    ease = t * t * (3 - 2 * t)
    return start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * ease


def _hovers(found: Sequence[Edge], places: Places, colours: dict[Any, str]) -> dict[str, Any]:
    """A dot on each edge that shows its numbers on hovering."""
    paths = [_path(places[edge.source], places[edge.target]) for edge in found]
    # Not where all edges cross in one point.
    ticks = [8 if edge.target.kind != "logits" else 15 for edge in found]
    return {
        "x": [x[at] for (x, _), at in zip(paths, ticks, strict=True)],
        "y": [y[at] for (_, y), at in zip(paths, ticks, strict=True)],
        "mode": "markers",
        "marker": {"size": 7, "color": [_colour(edge, colours) for edge in found]},
        "hovertext": [_worth(edge) for edge in found],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _worth(edge: Edge) -> str:
    """An edge's numbers in words: the rise of the loss without it, beside its control."""
    rise = change(edge.effect, "nats")
    text = f"{_name(edge.source)} → {_name(edge.target)}<br>loss {rise} when it carries its mean"
    if edge.control is not None:
        text += f"<br>{escape(edge.control.said('nats', change))}"
    return text


def _dots(places: Places, colours: dict[Any, str]) -> dict[str, Any]:
    return {
        "x": [x for x, _ in places.values()],
        "y": [y for _, y in places.values()],
        "mode": "markers+text",
        "marker": {"size": 26, "color": [colours.get(node.component, OTHER) for node in places]},
        "text": [escape(_label(node)) for node in places],
        "textposition": "bottom center",
        "textfont": {"size": 12, "color": INK},
        "hovertext": [_name(node) for node in places],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _colour(edge: Edge, colours: dict[Any, str]) -> str:
    component = edge.source.component if edge.source.component is not None else edge.target.component
    return colours.get(component, OTHER)


def _label(node: Node) -> str:
    return str(node.component) if node.component is not None else node.name


def _name(node: Node) -> str:
    return escape(node.name if node.component is None else f"{node.name} of {named([node.component])}")
