"""`gl.views.spectrum`: a measure with one value per component, over steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.errors import BadArgument
from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.bar_labels import apart
from groklens.views.drawing.history import add_history, two_rows
from groklens.views.drawing.labels import bare_title, drawn, step_names, title, variable
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES, OTHER, component_colours, faded
from groklens.views.drawing.slider import add_slider
from groklens.views.inputs import components_of, table_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

    from groklens.harmonics import ComponentName


def spectrum(
    source: Any, name: str = "embedding_spectrum", highlight: Sequence[ComponentName] | None = None
) -> Figure:
    """A measure of every component at one step, with a slider over steps and a map of all steps below.

    For the embedding's spectrum: one bar near 1 is a single component; bars in proportion to the components'
    sizes, which for frequencies is level, are what a random embedding has. A few tall bars over an empty floor
    are a circuit's components. The map below shows the same numbers at every kept step, time running down. A
    table of one step has the bars alone.

    Args:
        source: a table, or a run, snapshot or explanation to take the measure of.
        name: a measure by component: `embedding_spectrum`, `neuron_logit_spectrum`, `logit_similarity`, ….
        highlight: components to colour and label; the circuit's when not given.

    Raises `UnknownName` for a variable that the table does not have, `BadArgument` for one that is not by
    component.

    >>> gl.views.spectrum(table, "logit_similarity")  # doctest: +SKIP
    """
    table = table_of(source, [name])
    found = variable(table, name)
    if found.dims != ("step", "component"):
        raise BadArgument(
            f"{name!r} is {' × '.join(map(str, found.dims))}; a spectrum needs step × component. "
            "Use gl.views.curves for one number per step."
        )
    colours = component_colours(components_of(source, highlight))
    figure = two_rows(len(found) > 1)
    lay_out(figure, layout(600 if len(found) > 1 else 330, bargap=0.15))
    components = found["component"].values.tolist()
    figure.add_bar(**_bars(found, components, colours), **_first_row(found))
    lay_out_up(figure, axis(drawn(title(found), beside=True), range=_ends(found)), **_first_row(found))
    category = {"type": "category"} if isinstance(components[0], str) else {}
    lay_out_across(figure, axis("", showgrid=False, **category))
    if len(found) > 1:
        _add_steps(figure, found, components, step_names(table), table["step"])
    last_row = {"row": 2} if len(found) > 1 else {}
    lay_out_across(figure, {"title": {"text": drawn(title(found["component"]))}}, **last_row)
    return Figure(figure, f"{title(found)} of every component.")


def _first_row(found: xr.DataArray) -> dict[str, int]:
    return {"row": 1, "col": 1} if len(found) > 1 else {}


def _bars(
    found: xr.DataArray, components: list[ComponentName], colours: dict[ComponentName, str]
) -> dict[str, Any]:
    word = bare_title(found["component"])
    return {
        "x": components,
        "y": found.values[-1].astype(np.float32),
        "marker": {"color": [colours.get(name, OTHER) for name in components], "line": {"width": 0}},
        "text": apart([str(name) if name in colours else "" for name in components]),
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "constraintext": "none",
        "textfont": {"size": 12},
        "hovertemplate": f"{drawn(word)} %{{x}}: %{{y:.4g}}<extra></extra>",
        "showlegend": False,
    }


def _ends(found: xr.DataArray) -> list[float]:
    values = found.values[np.isfinite(found.values)]
    low, high = (min(values.min(), 0.0), max(values.max(), 0.0)) if len(values) else (0.0, 1.0)
    room = 0.12 * ((high - low) or 1.0)  # for the labels on the bars
    return [float(low - room) if low < 0 else 0.0, float(high + room)]


def _add_steps(
    figure: go.Figure,
    found: xr.DataArray,
    components: list[ComponentName],
    steps: list[str],
    step: xr.DataArray,
) -> None:
    word = bare_title(found["component"])
    heat = {
        "z": found.values.astype(np.float32),
        "colorscale": [[0, faded(HUES[0], 0.03)], [0.35, faded(HUES[0], 0.6)], [1, HUES[0]]],
        "hovertemplate": f"{drawn(word)} %{{x}} at step %{{y}}: %{{z:.4g}}<extra></extra>",
        "showscale": False,
    }
    ends = (components[0], components[-1])
    lines = add_history(figure, heat, components, ends, steps, title(step))
    bars = [{"type": "bar", "y": row.astype(np.float32)} for row in found.values]
    add_slider(figure, list(zip(bars, lines, strict=True)), [0, 2], steps, drawn(bare_title(step)))
