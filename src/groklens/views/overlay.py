"""The same measures of several runs in one picture, a colour a run: what `gl.views.curves` draws of runs by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from groklens.errors import BadArgument, UnknownName
from groklens.views.drawing.axes import StepAxis, axis, layout
from groklens.views.drawing.curve import curve, scale
from groklens.views.drawing.labels import drawn, title, variable
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES
from groklens.views.inputs import called, is_table, table_of
from groklens.views.renderers.figure import Figure

_PANEL_HEIGHT = 225
#: Pixels by which the first of several lines is thicker than the last.
_EDGES = 2.0
#: What is drawn where nobody chose: whether, and when, each run generalised.
_USUAL = ("train_accuracy", "test_accuracy")


def overlaid(sources: Mapping[str, Any], names: Sequence[Any] | None, log_steps: bool) -> Figure:
    """One panel per measure, one curve per run; errors as for `curves`, and `BadArgument` for no run, or too many."""
    from plotly.subplots import make_subplots

    if not sources:
        raise BadArgument(
            "No run was given; give some by name: gl.views.curves({'decay': run, 'no decay': other})."
        )
    if len(sources) > len(HUES):
        raise BadArgument(
            f"{len(sources)} runs were given; {len(HUES)} colours can be told apart. Draw fewer in one picture, or set "
            "them side by side with gl.views.compare."
        )
    asked = _shared(sources) if names is None else list(names)
    tables = {name: table_of(source, asked) for name, source in sources.items()}
    wanted = called(asked)
    rows = [[variable(table, name) for table in tables.values()] for name in wanted]
    _check_curves(rows)
    steps = StepAxis.of(*tables.values(), log=log_steps)
    figure = make_subplots(rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=0.14 / len(rows))
    for row, found in enumerate(rows, start=1):
        for each, name, style in zip(found, tables, _styles(len(tables)), strict=True):
            trace = (
                curve(each, style["line"]["color"], steps)
                | {"name": drawn(name), "legendgroup": name}
                | style
            )
            trace["hovertemplate"] = f"{drawn(name)}: %{{y:.4g}} at step %{{customdata:,}}<extra></extra>"
            figure.add_scatter(row=row, col=1, showlegend=row == 1, **trace)
        lay_out_up(figure, axis(drawn(title(found[0]), beside=True), **scale(found)), row=row)
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "xref": "container"}
    height = len(rows) * _PANEL_HEIGHT + 130
    margin = {"l": 16, "r": 16, "t": 30, "b": 100}
    lay_out(figure, layout(height, legend=legend | {"x": 0.01}, margin=margin, hovermode="closest"))
    lay_out_across(figure, steps.axis(""))
    lay_out_across(figure, {"title": {"text": drawn(title(rows[0][0]["step"]) + steps.since)}}, row=len(rows))
    return Figure(figure, f"Over training steps, of {', '.join(tables)}: {', '.join(wanted)}.")


def _styles(count: int) -> list[dict[str, Any]]:
    """A colour a run, and lines that get thinner: one that lies over another leaves its edges to be seen."""
    thicker = [_EDGES * (count - 1 - place) / max(count - 1, 1) for place in range(count)]
    return [
        {"line": {"color": colour, "width": 2 + more}, "marker": {"size": 4.5 + more}}
        for colour, more in zip(HUES, thicker, strict=False)
    ]


def _shared(sources: Mapping[str, Any]) -> list[str]:
    """What is drawn where nobody chose: accuracies, or of tables every number per step that all of them have."""
    tables = [source for source in sources.values() if is_table(source)]
    if not tables:
        return list(_USUAL)
    names = [name for name, found in tables[0].data_vars.items() if found.dims == ("step",)]
    return [str(name) for name in names if all(name in table for table in tables)]


def _check_curves(rows: Sequence[Sequence[Any]]) -> None:
    for each in (found for row in rows for found in row):
        if each.dims != ("step",):
            raise BadArgument(
                f"{each.name!r} is {' × '.join(map(str, each.dims))}; a curve needs one number per step."
            )
        if not each.sizes["step"]:
            raise UnknownName(f"A run has no step at which {each.name!r} is known.")
