"""`gl.views.skills`: each skill of a task of many over training steps, and the whole beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument
from groklens.views.drawing.axes import StepAxis, axis, layout
from groklens.views.drawing.curve import curve, scale
from groklens.views.drawing.labels import drawn, title, variable
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES, faded
from groklens.views.inputs import is_table, table_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr

#: As many skills are named in the legend one by one; of more, the first, the middle and the last.
_MANY = 8
#: The faintest line, of the rarest skill.
_FAINTEST = 0.3


def skills(
    source: Any, name: str = "skill_accuracy", whole: str | None = "all_accuracy", log_steps: bool = True
) -> Figure:
    """A measure of every skill over training steps, one line a skill, with the same of the whole drawn over them.

    The fainter a line, the rarer the skill. Lines that rise one after another, each at once, under a whole that rises
    evenly: smooth progress as a sum of sudden ones. Lines that rise together and slowly are one thing being learned.

    Args:
        source: a table, a run, snapshot or explanation to take the measures of.
        name: a measure by skill: `skill_accuracy`, `skill_loss`, `skill_brier`.
        whole: the measure of the whole that belongs to it, drawn thick; None for none. A table without it has none.
        log_steps: whether steps are on a log axis, on which the rare skills' late rises look steeper than they are.

    Raises `UnknownName` for a variable that the table does not have, `BadArgument` for one that is not by skill.

    >>> gl.views.skills(run)  # doctest: +SKIP
    """
    import plotly.graph_objects as go

    table = table_of(source, [name, *([whole] if whole else [])])
    found = variable(table, name)
    if found.dims != ("step", "skill"):
        raise BadArgument(
            f"{name!r} is {' × '.join(map(str, found.dims))}; a picture of skills needs step × skill, as "
            "'skill_accuracy' is. Use gl.views.curves for one number per step."
        )
    beside = [variable(table, whole)] if whole and (whole in table.data_vars or not is_table(source)) else []
    steps = StepAxis.of(table, log=log_steps)
    figure = go.Figure()
    for trace in _lines(found, steps):
        figure.add_scatter(**trace)
    for each in beside:
        thick = {"line": {"color": HUES[1], "width": 4}, "mode": "lines"}
        figure.add_scatter(**curve(each, HUES[1], steps) | thick)
    lay_out_across(figure, steps.axis(drawn(title(table["step"]) + steps.since)))
    lay_out_up(figure, axis(drawn(title(found), beside=True), **scale([found, *beside])))
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0.01}
    lay_out(figure, layout(430, legend=legend, margin={"l": 16, "r": 16, "t": 34, "b": 110}))
    count = found.sizes["skill"]
    said = f", and {beside[0].attrs.get('long_name', whole)} of all" if beside else ""
    return Figure(figure, f"Over training steps: {title(found)}, {count} of them{said}.")


def _lines(found: xr.DataArray, steps: StepAxis) -> list[dict[str, Any]]:
    """A trace for each skill, the first the strongest."""
    names, count = _names(found), found.sizes["skill"]
    named = range(count) if count <= _MANY else (0, count // 2, count - 1)
    traces = []
    for place in range(count):
        colour = faded(HUES[0], 1 - (1 - _FAINTEST) * place / max(1, count - 1))
        line = found.isel(skill=place).assign_attrs(long_name=names[place])
        more = {"line": {"color": colour, "width": 2}, "mode": "lines", "showlegend": place in named}
        traces.append(curve(line, colour, steps) | more)
    return traces


def _names(found: xr.DataArray) -> Sequence[str]:
    """What each skill is called, with how often it is asked for where the table says so."""
    numbers = [f"skill {skill}" for skill in found["skill"].values.tolist()]
    if "frequency" not in found.coords:
        return numbers
    return [
        f"{each} ({100 * share:.2g} %)"
        for each, share in zip(numbers, found["frequency"].values, strict=True)
    ]
