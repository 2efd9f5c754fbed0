"""`gl.views.curves`: scalar measures over training steps, with the phases shaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument
from groklens.views.drawing.axes import StepAxis, axis, layout
from groklens.views.drawing.curve import Panel, curve, panels_of, scale
from groklens.views.drawing.labels import drawn, shared_title, title, variable
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import band_colour, curve_colours, faded
from groklens.views.inputs import called, is_explanation, is_table, run_of, table_of
from groklens.views.overlay import overlaid
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

    from groklens.claims import Phase

_PANEL_HEIGHT = 225
_PERFORMANCE = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


def curves(
    source: Any,
    names: Sequence[Any] | Any | None = None,
    phases: Sequence[Phase] | None = None,
    log_steps: bool = True,
) -> Figure:
    """Scalar measures over training steps, one panel per unit, with the phases shaded.

    Every kept step is a dot. Losses are drawn on a log scale where they differ fivefold: low is good, and ln(classes)
    is what guessing gives. Other axes are their measure's valid range where the data are of its order (accuracy runs
    from 0 to 1), and otherwise that of the data. A test curve that falls (or rises) long after the train curve has
    settled is grokking. On log steps, step 0 stands apart, to the left of the first step after it. A phase is
    shaded from the first kept step at which its beginning is seen to the first at which its end is.

    Args:
        source: a table, an explanation, a run (its history, or measures named) or a snapshot; or several by name,
            `{"decay": run, "no decay": other}`, which are drawn over each other, a colour a run, without phases
            (`gl.views.compare` sets them side by side).
        names: which measures; all that are one number per step when not given.
        phases: what to shade, as in `Explanation.phases`; those of an explanation when not given. Those that
            never began are left out.
        log_steps: whether steps are on a log axis.

    Raises `UnknownName` for a variable that the table does not have, `BadArgument` for one that is not a
    number per step.

    >>> gl.views.curves(table, ["train_loss", "test_loss"], why.phases)  # doctest: +SKIP
    """
    from plotly.subplots import make_subplots

    names = [names] if isinstance(names, str) or callable(names) else names
    if isinstance(source, Mapping) and not is_table(source):
        return overlaid(source, names, log_steps)
    table, phases = _table(source, names), phases if phases is not None else getattr(source, "phases", ())
    panels = panels_of(_chosen(table, None if names is None else called(names)))
    steps = StepAxis.of(table, log=log_steps)
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.14 / len(panels))
    for row, panel in enumerate(panels, start=1):
        _draw_panel(figure, panel, row, steps)
    begun = [phase for phase in phases if phase.start is not None]
    lay_out(figure, _layout(len(panels), len(begun), any(len(panel) > 1 for panel in panels)))
    lay_out_across(figure, steps.axis(""))
    lay_out_across(figure, {"title": {"text": drawn(title(table["step"]) + steps.since)}}, row=len(panels))
    for place, phase in enumerate(begun):
        _shade(figure, phase, place, len(begun), steps)
    shown = ", ".join(str(each.attrs.get("long_name", each.name)) for panel in panels for each in panel)
    return Figure(figure, f"Over training steps: {shown}.")


def _table(source: Any, names: Sequence[Any] | None) -> xr.Dataset:
    from groklens.runs import steps_count

    if names is not None:
        return source if is_table(source) else table_of(source, names)
    if is_table(source) or is_explanation(source):
        return source if is_table(source) else source.table
    run = run_of(source)
    if run.history.sizes.get("step"):
        return _named(run.history, steps_count(run))
    table = table_of(run, _PERFORMANCE)
    if not table.data_vars:
        raise BadArgument(
            f"{table.attrs['run']} has no history of losses, and which inputs it was trained on is not known, so "
            "train and test curves do not exist. Name measures over all inputs: "
            "gl.views.curves(run, ['loss', 'all_accuracy'])."
        )
    return table


def _named(history: xr.Dataset, counted: str) -> xr.Dataset:
    """A run's history, its losses and accuracies renamed to the measures they are."""
    from groklens import measures

    empty = [name for name in history.data_vars if bool(history[name].isnull().all())]
    named = history.drop_vars(empty)
    # Test loss is not taken at every step; a loss that a loop reports of its own has none at step 0, which stays.
    named = named.dropna("step", subset=[name for name in _PERFORMANCE if name in named] or None)
    named["step"].attrs = {"long_name": "training step", "units": "updates" if counted == "updates" else ""}
    for name, found in named.data_vars.items():
        about = getattr(getattr(measures, str(name), None), "about", None)
        of_measure = about.attributes() if about is not None else {}
        if found.attrs.get("units", of_measure.get("units")) != of_measure.get("units"):
            of_measure["source"] = "recorded in training"  # another loss than the measure of that name
        found.attrs = {**of_measure, **found.attrs}
    return named


def _chosen(table: xr.Dataset, names: Sequence[str] | None) -> list[xr.DataArray]:
    if names is None:
        names = [str(name) for name in table.data_vars if set(table[name].dims) <= {"step", "run"}]
    found = [variable(table, name) for name in names]
    for each in found:
        if each.dims != ("step",):
            raise BadArgument(
                f"{each.name!r} is {' × '.join(map(str, each.dims))}; a curve needs one number per step. "
                f"Use gl.views.spectrum(table, {each.name!r}) or select one, as in table.isel(…)."
            )
    if not found:
        raise BadArgument(
            "There is no variable to draw; name some that are one number per step, such as 'train_loss'."
        )
    return found


def _draw_panel(figure: go.Figure, panel: Panel, row: int, steps: StepAxis) -> None:
    colours = curve_colours([str(each.name) for each in panel])
    for each, colour in zip(panel, colours, strict=True):
        figure.add_scatter(row=row, col=1, showlegend=len(panel) > 1, **curve(each, colour, steps))
    axis_title = title(panel[0]) if len(panel) == 1 else shared_title(panel)
    lay_out_up(figure, axis(drawn(axis_title, beside=True), **scale(panel)), row=row)


def _layout(n_panels: int, n_phases: int, has_legend: bool) -> dict[str, Any]:
    top, below = 30 + 18 * n_phases, 100 if has_legend else 50
    legend = {
        "orientation": "h",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "xref": "container",
        "x": 0.01,
    }
    margin = {"l": 16, "r": 16, "t": top, "b": below}
    return layout(n_panels * _PANEL_HEIGHT + top + below, legend=legend, margin=margin, hovermode="closest")


def _shade(figure: go.Figure, phase: Phase, place: int, count: int, steps: StepAxis) -> None:
    assert phase.start is not None  # for the type checker; `curves` has left the others out
    colour = band_colour(place)
    begin = phase.start[1]
    end = steps.last if phase.end is None else phase.end[1]
    band = {"x0": steps.at(begin), "x1": steps.at(end), "fillcolor": faded(colour, 0.13)}
    edge = {"color": faded(colour, 0.8), "width": 1, "dash": "dot"}
    figure.add_shape(
        type="rect", name=phase.name, xref="x", yref="paper", y0=0, y1=1, layer="below", line_width=0, **band
    )
    figure.add_shape(
        type="line",
        xref="x",
        yref="paper",
        x0=band["x0"],
        x1=band["x0"],
        y0=0,
        y1=1,
        layer="below",
        line=edge,
    )
    # A late phase is named from its end leftwards, or its name would leave the picture.
    late = steps.share(begin) > 0.65
    figure.add_annotation(
        # The mark has the band's colour, the name the page's ink: hues are too faint for small letters.
        text=f'<span style="color:{colour}">■</span> {drawn(phase.name)}',
        x=steps.annotated(end if late else begin),
        xanchor="right" if late else "left",
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=18 * (count - 1 - place),
        showarrow=False,
        font={"size": 12},
    )
