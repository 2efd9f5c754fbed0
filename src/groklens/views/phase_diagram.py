"""`gl.views.phase_diagram`: axes of a sweep, and in colour how long each place took to generalise, or its phase."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.errors import BadArgument, described
from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.labels import drawn, title
from groklens.views.drawing.lay_out import lay_out, lay_out_across, lay_out_up
from groklens.views.drawing.palette import GRID, HUES, OTHER
from groklens.views.inputs import is_table
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr

#: Colours of the phases, from what has learned least; the last of a place without runs.
_PHASES = {
    "confusion": OTHER,
    "memorisation": HUES[0],
    "grokking": HUES[1],
    "comprehension": HUES[2],
}
_SCALE = [[0.0, "#0F8864"], [0.5, "#B08D50"], [1.0, "#E06711"]]
#: Delays that differ by less than this, in powers of ten, have no scale of their own.
_NARROW = 0.02
#: Pixels that a row of squares is high, and a plane at least.
_LOW, _HIGH = 130, 260
#: From more places on, numbers in them would overlap.
_MOST_NUMBERED = 120
#: The other axis of a table with one: a single place, without a name.
_NO_AXIS = " "


def phase_diagram(
    table: xr.Dataset, x: str | None = None, y: str | None = None, colour: str = "delay"
) -> Figure:
    """The plane of two axes of a sweep, a square a place: its delay from memorising to generalising, or its phase.

    A sweep over one axis is a row of squares, or with `y` given a column.

    In each square stands how many of its seeds generalised, with `(−2)` for two that diverged or are not trained, and,
    pointed at, the spread of their delays. Grey squares
    with `colour="delay"` are where half of the seeds or more did not generalise by their last step: later, or never, is
    not known.

    Args:
        table: what the seeds have in common, from `gl.sweeps.over_seeds(runs.events())`.
        x, y: which axes; the table's second and first when not given.
        colour: `"delay"`, on a log scale, or `"phase"`.

    Raises `BadArgument` for a table of no axis, or of more than two, or one that is of single runs.

    >>> gl.views.phase_diagram(gl.sweeps.over_seeds(runs.events()), colour="phase")  # doctest: +SKIP
    """
    import plotly.graph_objects as go

    _check(table, colour)
    if table["delay"].ndim == 1:
        table = table.expand_dims({_NO_AXIS: [""]})
    across, up = _axes(table, x, y)
    ordered = table.transpose(up, across)
    squares = _by_delay(ordered) if colour == "delay" else _by_phase(ordered)
    places = {name: [_written(value) for value in ordered[name].values.tolist()] for name in (across, up)}
    figure = go.Figure()
    figure.add_heatmap(
        x=places[across],
        y=places[up],
        xgap=2,
        ygap=2,
        text=_text(ordered),
        customdata=_said(ordered),
        texttemplate="%{text}" if ordered["delay"].size <= _MOST_NUMBERED else None,
        hovertemplate="%{customdata}<extra></extra>",
        **squares,
    )
    lay_out_across(figure, _axis(table, across))
    lay_out_up(figure, _axis(table, up, beside=True))
    least = _LOW if up == _NO_AXIS else _HIGH
    lay_out(figure, layout(90 + max(least, min(640, 46 * table.sizes[up])), plot_bgcolor=GRID))
    what = table["delay" if colour == "delay" else "phase"].attrs.get("long_name", colour)
    axes = " and ".join(_called(table, name) for name in (across, up) if name != _NO_AXIS)
    said = f"By {axes}: {what}; in each square, runs that generalised of all."
    return Figure(figure, said)


def _check(table: object, colour: str) -> None:
    if not is_table(table) or "delay_low" not in table:  # type: ignore[operator]
        raise BadArgument(
            f"phase_diagram draws what the seeds of a sweep have in common, and {described(table)} was given; make it "
            "by gl.sweeps.over_seeds(runs.events())."
        )
    if colour not in ("delay", "phase"):
        raise BadArgument(f"colour is {colour!r}; choose 'delay' or 'phase'.")


def _axis(table: xr.Dataset, name: str, beside: bool = False) -> dict[str, Any]:
    more = {"ticks": "", "showticklabels": False} if name == _NO_AXIS else {}
    return axis(drawn(_called(table, name), beside), type="category", showgrid=False, **more)


def _called(table: xr.Dataset, name: str) -> str:
    return "" if name == _NO_AXIS else title(table[name])


def _axes(table: xr.Dataset, x: str | None, y: str | None) -> tuple[str, str]:
    names = [str(name) for name in table["delay"].dims]
    chosen = [name for name in (x, y) if name is not None]
    if any(name not in names for name in chosen) or len(names) != 2 or len(set(chosen)) < len(chosen):
        raise BadArgument(
            "A phase diagram has one or two axes besides the seeds; the table has "
            + (", ".join(name for name in names if name != _NO_AXIS) or "none")
            + (f", and {', '.join(chosen)} were asked for." if chosen else ".")
            + (" Choose from the others first: table.sel(lr=1e-3)." if len(names) > 2 else "")
        )
    across = x or next(name for name in reversed(names) if name != y)
    return across, y or next(name for name in names if name != across)


def _by_delay(table: xr.Dataset) -> dict[str, Any]:
    delay = np.maximum(table["delay"].values, 1.0)  # on a log scale the same step is 1
    found = np.log10(delay)
    known = found[np.isfinite(found)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    ticks = {f"{10**place:,.0f}": place for place in np.linspace(low, high, 4).tolist()}
    if high - low < _NARROW:  # one delay, or nearly: a bar with a middle
        low, high = (low + high - _NARROW) / 2, (low + high + _NARROW) / 2
    bar = {
        "title": {"text": "delay, updates", "side": "right"},
        "tickvals": list(ticks.values()),
        "ticktext": list(ticks),
        "outlinewidth": 0,
        "thickness": 12,
    }
    shown = bool(len(known))  # of no delay there is no scale
    return {"z": found, "colorscale": _SCALE, "zmin": low, "zmax": high, "colorbar": bar, "showscale": shown}


def _by_phase(table: xr.Dataset) -> dict[str, Any]:
    names = list(_PHASES)
    number = [
        [names.index(each) if each in names else math.nan for each in row]
        for row in table["phase"].values.tolist()
    ]
    edges = [i / len(names) for i in range(len(names) + 1)]
    scale = [[edge, _PHASES[name]] for i, name in enumerate(names) for edge in edges[i : i + 2]]
    bar = {"tickvals": list(range(len(names))), "ticktext": names, "outlinewidth": 0, "thickness": 12}
    return {"z": number, "colorscale": scale, "zmin": -0.5, "zmax": len(names) - 0.5, "colorbar": bar}


def _text(table: xr.Dataset) -> list[list[str]]:
    seeds = table["seeds"].values
    generalised = np.rint(np.nan_to_num(table["generalised_share"].values) * seeds).astype(int)
    rows = zip(generalised.tolist(), seeds.tolist(), table["missing"].values.tolist(), strict=True)
    return [[_of_all(k, n, m) for k, n, m in zip(*row, strict=True)] for row in rows]


def _of_all(generalised: int, seeds: int, missing: int) -> str:
    """How many generalised of those that are there, and how many are not there, such as `3/5 (−2)`."""
    return (f"{generalised}/{seeds}" if seeds else "") + (f" (−{missing})" if missing else "")


def _said(table: xr.Dataset) -> list[list[str]]:
    """What stands beside a square that is pointed at."""
    values = zip(
        _text(table), *(table[n].values.tolist() for n in ("phase", "delay_low", "delay_high")), strict=True
    )
    return [
        [
            f"{text} generalised; {phase or 'no runs'}"
            + ("" if math.isnan(low) else f"<br>delay {low:,.0f} to {high:,.0f} updates")
            for text, phase, low, high in zip(*row, strict=True)
        ]
        for row in values
    ]


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else drawn(str(value))
