"""A slider over training steps for figures with one version per step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groklens.views.drawing.palette import AXIS, HUES, INK

if TYPE_CHECKING:
    import plotly.graph_objects as go

_AT_ONCE = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
#: Pixels from the plots to the row of buttons: what labels and title of an axis take.
_BELOW = 54
_PLAY = {"fromcurrent": True, "frame": {"duration": 350, "redraw": True}, "transition": {"duration": 0}}


def add_slider(
    figure: go.Figure,
    versions: Sequence[Sequence[dict[str, Any]]],
    traces: Sequence[int],
    names: Sequence[str],
    title: str,
) -> None:
    """Give `figure` one frame for each version of its `traces`, a slider over them, and play and pause buttons.

    `versions[i]` holds what the traces are at the step called `names[i]`. The figure itself is taken to show
    the last. One version needs no slider and gets none.
    """
    if len(versions) < 2:
        return
    figure.frames = [
        {"name": name, "data": list(version), "traces": list(traces)}
        for name, version in zip(names, versions, strict=True)
    ]
    figure.update_layout(sliders=[_slider(names, title)], updatemenus=[_play()])


def _slider(names: Sequence[str], title: str) -> dict[str, Any]:
    return {
        "active": len(names) - 1,
        # To the right of the buttons, which stand to the left in the same row at every width.
        "currentvalue": {"prefix": f"{title} ", "xanchor": "right", "font": {"size": 12}},
        "steps": [{"label": name, "method": "animate", "args": [[name], _AT_ONCE]} for name in names],
        "x": 0,
        "len": 1,
        "pad": {"t": _BELOW, "b": 4},
        "font": {"size": 11},
        "bgcolor": AXIS,
        "activebgcolor": HUES[0],
        "bordercolor": AXIS,
        "tickcolor": AXIS,
        "ticklen": 4,
    }


def _play() -> dict[str, Any]:
    """The play and pause buttons; a single one that changes its meaning would confuse plotly."""
    play = {"label": "Play", "method": "animate", "args": [None, _PLAY]}
    pause = {"label": "Pause", "method": "animate", "args": [[None], _AT_ONCE]}
    return {
        "type": "buttons",
        "direction": "right",
        "showactive": False,
        "active": -1,
        "buttons": [play, pause],
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "pad": {"t": _BELOW - 4, "r": 8},
        "font": {"size": 12},
        "bgcolor": "rgba(0,0,0,0)",
        "bordercolor": INK,
        "borderwidth": 1,
    }
