"""`gl.views.compare`: two or more runs side by side, on the same scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.errors import BadArgument
from groklens.views.drawing.axes import StepAxis, axis, layout
from groklens.views.drawing.curve import curve, panels_of, scale
from groklens.views.drawing.labels import bare_title, drawn, shared_title, title, variable
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import OTHER, component_colours, curve_colours
from groklens.views.inputs import components_of, is_table, run_of, table_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

_ROW = 210
#: What is compared where nobody chose: whether each generalised, and with which components.
_BY_COMPONENT = "logit_similarity"
_USUAL = ("train_accuracy", "test_accuracy", _BY_COMPONENT)


def compare(
    sources: Mapping[str, Any] | xr.Dataset, names: Sequence[str] | None = None, log_steps: bool = True
) -> Figure:
    """The same measures of two or more runs, one column per run, on the same scales.

    Measures of one number per step are curves over steps, those by component bars at the last step; a row has
    one scale in all columns, so that heights can be compared across. Read it as the controls that it shows: a
    run without weight decay, or on a random table, beside the one that grokked.

    Args:
        sources: what each column is called, and its run, table, snapshot or explanation; or one table with a
            `run` axis.
        names: measures; accuracies when not given, and for runs of one group the logits' components.
        log_steps: whether steps are on a log axis.

    Raises `BadArgument` for fewer than two sources, `UnknownName` for a measure that one of them lacks.

    >>> gl.views.compare({"decay": run, "no decay": other})  # doctest: +SKIP
    """
    from plotly.subplots import make_subplots

    columns = _columns(sources)
    names = _usual(columns) if names is None else [names] if isinstance(names, str) else names
    tables = {name: table_of(source, names) for name, source in columns.items()}
    _check_alike(columns, tables, names)
    found = {name: [variable(table, each) for each in names] for name, table in tables.items()}
    rows = _rows(next(iter(found.values())))
    figure = make_subplots(
        rows=len(rows),
        cols=len(tables),
        column_titles=[drawn(name, beside=True) for name in tables],
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=0.3 / (len(rows) + 1),
    )
    legend = {
        "orientation": "h",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "xref": "container",
        "x": 0.01,
    }
    margin = {"l": 16, "r": 16, "t": 50, "b": 70}
    lay_out(figure, layout(_ROW * len(rows) + 130, legend=legend, bargap=0.15, margin=margin))
    axes = [StepAxis.of(table, log=log_steps, columns=len(tables)) for table in tables.values()]
    for row, chosen in enumerate(rows, start=1):
        for column, (name, steps) in enumerate(zip(tables, axes, strict=True), start=1):
            panel = [each for each in found[name] if each.name in chosen]
            _draw(figure, panel, columns[name], {"row": row, "col": column}, steps)
        alike = [each for panel in found.values() for each in panel if each.name in chosen]
        if alike[0].dims == ("step",):
            lay_out_up(figure, scale(alike), row=row)
    return Figure(figure, f"Side by side: {', '.join(tables)}.")


def _usual(columns: Mapping[str, Any]) -> list[str]:
    """The measures compared by default: those that all of the runs have."""
    alike = all(is_table(source) for source in columns.values()) or len(set(_groups(columns).values())) == 1
    return [name for name in _USUAL if alike or name != _BY_COMPONENT]


def _groups(columns: Mapping[str, Any]) -> dict[str, str]:
    """The group of each run's task by the run's name; empty for a task without a group, or for tables."""
    groups = {name: run_of(source).task.group for name, source in columns.items() if not is_table(source)}
    return {name: "" if group is None else group.name for name, group in groups.items()}


def _check_alike(columns: Mapping[str, Any], tables: Mapping[str, xr.Dataset], names: Sequence[str]) -> None:
    """Raise where components of different groups would be set beside each other as if they were the same."""
    groups = _groups(columns)
    by_component = [
        name for name in names for table in tables.values() if "component" in table.get(name, table).dims
    ]
    if by_component and len(set(groups.values())) > 1:
        shown = ", ".join(f"{name!r} has {group or 'no group'}" for name, group in groups.items())
        raise BadArgument(
            f"{by_component[0]} is by component, and the tasks are of different groups ({shown}); compare numbers "
            "instead, such as names=['train_accuracy', 'test_accuracy'], or draw each with gl.views.spectrum."
        )


def _columns(sources: Any) -> dict[str, Any]:
    if is_table(sources) and "run" in sources.dims:
        names = sources["run"].values.tolist() if "run" in sources.coords else range(sources.sizes["run"])
        sources = {str(name): sources.isel(run=[i]) for i, name in enumerate(names)}
    if not isinstance(sources, Mapping) or len(sources) < 2:
        raise BadArgument(
            'compare takes two or more runs by name, as in gl.views.compare({"decay": run, "no decay": other}).'
        )
    return dict(sources)


def _rows(found: Sequence[xr.DataArray]) -> list[list[str]]:
    """Names of measures by row: curves that can share an axis together, measures by component alone."""
    scalars = [each for each in found if each.dims == ("step",)]
    others = [each for each in found if each.dims != ("step",)]
    for each in others:
        if each.dims != ("step", "component"):
            raise BadArgument(
                f"{each.name!r} is {' × '.join(map(str, each.dims))}; compare shows step, and component."
            )
    return [[str(each.name) for each in panel] for panel in panels_of(scalars)] + [
        [str(each.name)] for each in others
    ]


def _draw(
    figure: go.Figure,
    panel: list[xr.DataArray],
    source: Any,
    at: dict[str, int],
    steps: StepAxis,
) -> None:
    up = title(panel[0]) if len(panel) == 1 else shared_title(panel)
    named = {"title": {"text": drawn(up, beside=True)}} if at["col"] == 1 else {}
    if panel[0].dims == ("step", "component"):
        figure.add_bar(**_bars(panel[0], source), **at)
        lay_out_across(figure, axis(drawn(bare_title(panel[0]["component"])), showgrid=False), **at)
        lay_out_up(figure, axis(""), **at)
        lay_out_up(figure, named, **at)
        return
    colours = curve_colours([str(each.name) for each in panel])
    for each, colour in zip(panel, colours, strict=True):
        figure.add_scatter(
            showlegend=at["col"] == 1, legendgroup=str(each.name), **curve(each, colour, steps), **at
        )
    lay_out_across(figure, steps.axis(drawn(title(panel[0]["step"]) + steps.since)), **at)
    lay_out_up(figure, axis(""), **at)
    lay_out_up(figure, named, **at)


def _bars(found: xr.DataArray, source: Any) -> dict[str, Any]:
    names = found["component"].values.tolist()
    colours = component_colours(components_of(source, None))
    return {
        "x": names,
        "y": found.values[-1].astype(np.float32),
        "marker": {"color": [colours.get(name, OTHER) for name in names], "line": {"width": 0}},
        "hovertemplate": f"{drawn(bare_title(found['component']))} %{{x}}: %{{y:.4g}}<extra></extra>",
        "showlegend": False,
    }
