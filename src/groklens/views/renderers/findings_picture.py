"""Findings as a still PNG picture, each value among its controls."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.finding_scale import finite, position, scale_of
from groklens.views.drawing.palette import OTHER, VERDICTS
from groklens.views.renderers.still_picture import still

if TYPE_CHECKING:
    from groklens.claims import Finding

#: Pixels a finding takes, and characters of its claim in a line.
_HEIGHT, _LINE = 46, 52
#: Pixels that a bar of one value is wide.
_MOST = 24


def findings_still(findings: Sequence[Finding], **how: Any) -> bytes:
    """A dot for each finding's value, in its verdict's colour, and bars for the ranges of its controls."""
    import plotly.graph_objects as go

    shown = list(findings)[:_MOST]
    figure = go.Figure(layout=layout(_HEIGHT * max(len(shown), 1) + 110, width=1000, showlegend=False))
    for place, finding in enumerate(reversed(shown)):
        _draw(figure, finding, place)
    claims = [_claim(finding) for finding in reversed(shown)]
    figure.update_yaxes(axis("", showgrid=False, tickvals=list(range(len(claims))), ticktext=claims))
    figure.update_yaxes(range=[-0.6, len(claims) - 0.4], domain=[0, 1])
    figure.update_xaxes(
        axis("each on its own scale; grey: controls", showticklabels=False, range=[-0.02, 2.1])
    )
    figure.update_xaxes(domain=[0.42, 1])
    return still(figure, **how)


def _draw(figure: object, finding: Finding, place: int) -> None:
    low, high = scale_of(finding)
    for index, control in enumerate(finding.controls):
        if not (finite(control.low) and finite(control.high)):
            continue
        y = place - 0.1 - 0.12 * index
        x = [position(control.low, low, high), position(control.high, low, high) + 0.004]
        figure.add_scatter(x=x, y=[y, y], mode="lines", line={"color": OTHER, "width": 5})  # type: ignore[attr-defined]
    label = f"{finding.said} · {finding.verdict}"
    at = position(finding.value, low, high) if finite(finding.value) else 0.0
    colour = VERDICTS.get(finding.verdict, OTHER)
    figure.add_scatter(  # type: ignore[attr-defined]
        x=[at],
        y=[place + 0.1],
        mode="markers+text",
        marker={"color": colour, "size": 9 if finite(finding.value) else 1},
        text=[label],
        textposition="middle right",
        textfont={"size": 11, "color": colour},
    )


def _claim(finding: Finding) -> str:
    return "<br>".join(textwrap.wrap(finding.claim, _LINE)[:3])
