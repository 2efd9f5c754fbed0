"""`gl.views.survival`: the share of runs that have not generalised yet, over training steps, one line per group."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from groklens.errors import BadArgument, described
from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.labels import drawn, title
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import HUES, faded
from groklens.views.inputs import is_table
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr


def survival(events: xr.Dataset, by: str | None = None, event: str = "generalised") -> Figure:
    """The share of runs in which an event has not happened yet, over training steps: Kaplan–Meier, one line per group.

    A line that falls early and to 0: every run generalised soon. One that stays at 1: none did. Runs that ended without
    the event count as long as they were seen, and then no longer; a tick on the line is where one was. Bands are 95 %
    intervals (Greenwood, log–log).

    Args:
        events: when it happened in each run of a sweep, from `runs.events()`.
        by: the axis whose values are the groups; all runs together when not given.
        event: `"memorised"`, `"generalised"` or `"settled"`.

    Raises `BadArgument` for another table, axis or event.

    >>> gl.views.survival(runs.events(), by="weight_decay")  # doctest: +SKIP
    """
    import plotly.graph_objects as go

    by = by if by is None or (is_table(events) and by in events.dims) else by.rpartition(".")[2]
    _check(events, by, event)
    groups = (
        {"all runs": events}
        if by is None
        else {_named(events, by, i): events.isel({by: i}) for i in _range(events, by)}
    )
    figure = go.Figure()
    for (name, group), colour in zip(groups.items(), cycle(HUES), strict=False):
        seen = group["last_step"].values.ravel()
        when = group[event].values.ravel()
        when, seen = when[np.isfinite(seen)], seen[np.isfinite(seen)]
        if len(seen):
            _draw(figure, name, np.where(np.isfinite(when), when, seen), np.isfinite(when), colour)
    lay_out_across(figure, axis("training step"))
    lay_out_up(
        figure, axis(drawn(f"runs not {event} yet", beside=True), range=[-0.02, 1.04], tickformat=".0%")
    )
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0.01}
    lay_out(
        figure, layout(430, legend=legend, margin={"l": 16, "r": 16, "t": 34, "b": 110}, hovermode="closest")
    )
    along = "" if by is None else f", by {title(events[by])}"
    return Figure(
        figure, f"Share of runs not {event} yet, over training steps{along}: Kaplan–Meier, 95 % intervals."
    )


def _check(events: object, by: str | None, event: str) -> None:
    if not is_table(events) or "last_step" not in events:  # type: ignore[operator]
        raise BadArgument(
            f"survival draws when events happened in the runs of a sweep, and {described(events)} was given; make the "
            "table by runs.events()."
        )
    if event not in ("memorised", "generalised", "settled"):
        raise BadArgument(f"event is {event!r}; choose 'memorised', 'generalised' or 'settled'.")
    if by is not None and by not in events.dims:  # type: ignore[attr-defined]
        raise BadArgument(f"The table has no axis {by!r}; it has {', '.join(map(str, events.dims))}.")  # type: ignore[attr-defined]


def _range(events: xr.Dataset, by: str) -> range:
    return range(events.sizes[by])


def _named(events: xr.Dataset, by: str, place: int) -> str:
    value = events[by].values.tolist()[place]
    return f"{title(events[by])} {value:g}" if isinstance(value, float) else f"{title(events[by])} {value}"


def _draw(figure: object, name: str, times: np.ndarray, observed: np.ndarray, colour: str) -> None:
    """One group's curve, its interval, and a tick where a run was last seen without the event."""
    from groklens.theory import kaplan_meier  # with torch, which pictures do without

    curve = kaplan_meier(times, observed)
    end = curve.attrs["last"]
    when = np.append(curve["time"].values, max(end, curve["time"].values[-1]))
    share = {key: np.append(curve[key].values, curve[key].values[-1]) for key in ("survival", "low", "high")}
    known = np.isfinite(share["low"])
    edges = {key: share[key][known] for key in ("low", "high")}
    upto = when[known]
    if (
        known.any() and not known[-1]
    ):  # the curve is at 0 from then on, and the band as it was until it fell there
        upto = np.append(upto, when[np.flatnonzero(known)[-1] + 1])
        edges = {key: np.append(each, each[-1]) for key, each in edges.items()}
    shape, add = {"shape": "hv", "color": colour, "width": 2}, figure.add_scatter  # type: ignore[attr-defined]
    if known.any():
        edge = {"mode": "lines", "legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
        add(x=upto, y=edges["high"], line={"shape": "hv", "width": 0}, **edge)
        fill = {"fill": "tonexty", "fillcolor": faded(colour, 0.14)}
        add(x=upto, y=edges["low"], line={"shape": "hv", "width": 0}, **fill, **edge)
    words = f"%{{y:.0%}} at step %{{x:,}}<extra>{drawn(name)}</extra>"
    add(
        x=when,
        y=share["survival"],
        name=drawn(name),
        legendgroup=name,
        mode="lines",
        line=shape,
        hovertemplate=words,
    )
    if (~observed).any():
        at = np.unique(times[~observed])
        height = share["survival"][np.searchsorted(when, at, side="right") - 1]
        mark = {"symbol": "line-ns-open", "size": 9, "color": colour}
        add(x=at, y=height, mode="markers", marker=mark, legendgroup=name, showlegend=False, hoverinfo="skip")
