"""`gl.views.embedding`: the token embedding in the plane of each component, over steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.claims import how_many, named
from groklens.errors import BadArgument, UnknownName
from groklens.views.drawing.labels import bare_title, drawn, named_on, step_names, variable
from groklens.views.drawing.palette import component_colours, faded
from groklens.views.drawing.panels import label_edges, one_scale, panels, place
from groklens.views.drawing.slider import add_slider
from groklens.views.inputs import components_of, table_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr

    from groklens.harmonics import ComponentName

_NAME = "embedding_plane"
#: Components shown where nobody chose and there is no circuit.
_FIRST = 3
#: Components at most: beyond them panels are too many to be looked at.
_MOST = 9


def embedding(
    source: Any, components: Sequence[ComponentName] | None = None, steps: Sequence[int] | None = None
) -> Figure:
    """Every element's embedding in the plane of each component, with a slider over steps.

    One panel per component; the name of an element is said on hover. Elements of a cyclic group are joined in the
    order in which the frequency turns through them: a round polygon is a wave that the embedding holds, a scribble
    is none. Of other groups each element is a dot, and the plane holds the two axes along which the irrep
    spreads the elements most; clusters are elements that it does not tell apart. All steps have one scale, so
    that growth is seen; whole embeddings are shown, other components' part in the plane included.

    Args:
        source: a run, a snapshot, an explanation, or a table with `embedding_plane`.
        components: which; the circuit's when not given, and without a circuit the group's first three.
        steps: kept steps; 24 spread over all when not given.

    Raises `UnknownName` for a component that the group does not have or a step not kept, `BadArgument` for a
    task without a group, or a table without the measure.

    >>> gl.views.embedding(run, [14, 35])  # doctest: +SKIP
    """
    table = table_of(source, [_NAME], steps)
    found = variable(table, _NAME)
    shown = _chosen(found, components_of(source, components))
    titles = [named_on(table["component"], name) for name in shown]
    figure = panels(titles)
    traces, versions = _over_steps(found, shown)
    for index, trace in enumerate(traces):
        figure.add_scatter(**trace, **place(index, titles))
    across, up = (
        ("along the cosine", "along the sine") if _is_cyclic(shown) else ("first axis", "second axis")
    )
    label_edges(figure, titles, across, up, showticklabels=False)
    one_scale(figure, found.sel(component=shown).values, len(titles))
    add_slider(figure, versions, range(len(shown)), step_names(table), drawn(bare_title(table["step"])))
    return Figure(
        figure,
        f"Embeddings in the planes of {named(shown)}, at {how_many(len(versions), 'step')}.",
    )


def _chosen(found: xr.DataArray, wanted: list[ComponentName]) -> list[ComponentName]:
    known = found["component"].values.tolist()
    for name in wanted:
        if name not in known:
            raise UnknownName(
                f"There is no component {name!r}; the group has {', '.join(map(str, known[:12]))}"
                f"{', …' if len(known) > 12 else ''}."
            )
    if len(wanted) > _MOST:
        raise BadArgument(f"{len(wanted)} components are too many panels; name at most {_MOST}.")
    return wanted or known[:_FIRST]


def _is_cyclic(shown: list[ComponentName]) -> bool:
    return not isinstance(shown[0], str)


def _over_steps(
    found: xr.DataArray, shown: list[ComponentName]
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """The trace of each component at the last step, and where its points are at every step."""
    label = "element_name" if "element_name" in found.coords else "element"
    words = np.array([drawn(str(each)) for each in found[label].values.tolist()])
    traces, points = [], []
    for name, colour in component_colours(shown).items():
        own = found.sel(component=name)
        order = _turning(own, name)
        chosen = np.arange(own.sizes["element"]) if order is None else np.append(order, order[0])
        points.append(own.transpose("step", "element", ...).values[:, chosen].astype(np.float32))
        traces.append(
            {
                "name": str(name),
                **_at(points[-1][-1]),
                "mode": "markers" if order is None else "lines+markers",
                "line": {"color": faded(colour, 0.45), "width": 1},
                "marker": {"color": colour, "size": 5},
                "customdata": words[chosen].tolist(),
                "hovertemplate": "%{customdata}: (%{x:.3f}, %{y:.3f})<extra></extra>",
            }
        )
    versions = [
        [{"type": "scatter", **_at(at_step)} for at_step in step] for step in zip(*points, strict=True)
    ]
    return traces, versions


def _at(points: np.ndarray) -> dict[str, np.ndarray]:
    return {"x": points[:, 0], "y": points[:, 1]}


def _turning(found: xr.DataArray, name: ComponentName) -> np.ndarray | None:
    """The elements of a cyclic group ordered by the angle 2πkx/n; None for any other group."""
    if isinstance(name, str):
        return None
    order = found.sizes["element"]
    exponents = found["exponent"].values if "exponent" in found.coords else np.arange(order)
    return np.argsort(name * exponents % order, kind="stable")
