"""`Edge` and `Node`: the parts of a model's circuit, and the table that holds all edges of one."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from groklens.claims import Control
from groklens.errors import BadArgument, described
from groklens.harmonics import ComponentName
from groklens.hypotheses import Circuit

#: What the random neurons are called that a cluster's edge is compared with.
RANDOM_NEURONS = "as many random neurons outside it"
_OF_CONTROL = ("mean", "low", "high")


@dataclass(frozen=True)
class Node:
    """A place on the way from tokens to logits: a `token`, `head`, `cluster`, `neurons` in no cluster, or `logits`."""

    kind: str
    name: str
    component: ComponentName | None = None
    size: int = 1


@dataclass(frozen=True)
class Edge:
    """An edge from one node to the next; `effect` is the rise of the loss, in nats, when the edge carries its mean.

    0 is an edge that nothing hangs on; below 0, the model does better without it. `control` is the same for as
    many random neurons outside the cluster, for edges from clusters to the logits.
    """

    source: Node
    target: Node
    effect: float
    control: Control | None = None


def edge_table(found: Sequence[Edge], circuit: Circuit, task: str) -> xr.Dataset:
    """The edges of a circuit as a table over `edge`, in their order."""
    named = {
        "control_mean": "mean effect of as many random neurons",
        "control_low": "least effect of as many random neurons",
        "control_high": "largest effect of as many random neurons",
    }
    columns = {"effect": ("rise of the loss without the edge", [edge.effect for edge in found])}
    for name, part in zip(named, _OF_CONTROL, strict=True):
        columns[name] = (named[name], [getattr(edge.control, part, math.nan) for edge in found])
    draws = max((edge.control.draws for edge in found if edge.control is not None), default=0)
    spec = {"group": circuit.group.name, "components": list(circuit.components)}
    return xr.Dataset(
        {
            name: ("edge", values, {"long_name": said, "units": "nats"})
            for name, (said, values) in columns.items()
        },
        coords={"edge": range(len(found)), **_ends(found, "source"), **_ends(found, "target")},
        attrs={"circuit": json.dumps(spec), "task": task, "draws": draws},
    )


def _ends(found: Sequence[Edge], end: str) -> dict[str, tuple[str, np.ndarray]]:
    """The coordinates that say what edges go from, or to."""
    nodes: list[Node] = [getattr(edge, end) for edge in found]
    components = np.empty(len(nodes), dtype=object)  # names of irreps and numbers stay what they are
    components[:] = [node.component for node in nodes]
    return {
        end: ("edge", np.array([node.name for node in nodes])),
        f"{end}_kind": ("edge", np.array([node.kind for node in nodes])),
        f"{end}_component": ("edge", components),
        f"{end}_size": ("edge", np.array([node.size for node in nodes])),
    }


def edges_in(table: xr.Dataset) -> list[Edge]:
    """The edges that a table of `edges` holds, as values; `BadArgument` for another table.

    >>> [edge.effect for edge in edges_in(edges(run, circuit))]  # doctest: +SKIP
    """
    if not isinstance(table, xr.Dataset) or "edge" not in table.dims:
        raise BadArgument(
            f"A table of edges is meant, and {described(table)} was given; make one with "
            "gl.interventions.edges(run, circuit)."
        )
    sources, targets = (_nodes(table, end) for end in ("source", "target"))
    effects = table["effect"].values.tolist()
    return [Edge(*each) for each in zip(sources, targets, effects, _controls(table), strict=True)]


def _nodes(table: xr.Dataset, end: str) -> list[Node]:
    columns = (table[f"{end}{part}"].values.tolist() for part in ("_kind", "", "_component", "_size"))
    rows = zip(*columns, strict=True)
    return [Node(kind, name, _or_none(component), size) for kind, name, component, size in rows]


def _or_none(component: ComponentName | float | None) -> ComponentName | None:
    """A node's component; None where it has none, of which pandas makes NaN among names."""
    return None if isinstance(component, float) else component


def _controls(table: xr.Dataset) -> list[Control | None]:
    columns = (table[f"control_{part}"].values.tolist() for part in _OF_CONTROL)
    return [
        None
        if math.isnan(mean)
        else Control(RANDOM_NEURONS, mean, low, high, table.attrs["draws"], key="random_neurons")
        for mean, low, high in zip(*columns, strict=True)
    ]
