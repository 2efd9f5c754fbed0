"""Findings as a still picture, each value among its controls."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.finding_scale import finite, position, scale_of
from groklens.views.drawing.palette import AXIS, OTHER, VERDICTS
from groklens.views.renderers.still_picture import still

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from groklens.claims import Finding

#: Pixels a finding takes, and characters of its claim in a line.
_HEIGHT, _LINE = 46, 52
#: Pixels that a bar of one value is wide.
_MOST = 24
#: Inches below which claims stand above their strips instead of beside them.
_NARROW = 10.0
#: Pixels of a line of words, a letter, a bar, what stands left of the plots, and all plots at least.
_ROW, _LETTER, _BAR, _LEFT, _LEAST = 15, 6.2, 9, 80, 146
_SCALES = "each on its own scale; grey: controls"


def findings_still(findings: Sequence[Finding], **how: Any) -> bytes:
    """A dot for each finding's value, in its verdict's colour, and bars for the ranges of its controls."""
    import plotly.graph_objects as go

    shown = list(findings)[:_MOST]
    if how.get("width") and how["width"] < _NARROW:
        return still(_column(shown, how["width"]), **how)
    figure = go.Figure(layout=layout(_HEIGHT * max(len(shown), 1) + 110, width=1000, showlegend=False))
    for place, finding in enumerate(reversed(shown)):
        _draw(figure, finding, place)
    claims = [_claim(finding) for finding in reversed(shown)]
    figure.update_yaxes(axis("", showgrid=False, tickvals=list(range(len(claims))), ticktext=claims))
    figure.update_yaxes(range=[-0.6, len(claims) - 0.4], domain=[0, 1])
    figure.update_xaxes(axis(_SCALES, showticklabels=False, range=[-0.02, 2.1]))
    figure.update_xaxes(domain=[0.42, 1])
    return still(figure, **how)


def _column(findings: Sequence[Finding], inches: float) -> go.Figure:
    """The same for a page of print, which has no room beside a strip: claim, number and verdict stand above it."""
    import plotly.graph_objects as go

    letters = int((100 * inches - 16) / _LETTER)
    texts = [
        (textwrap.wrap(each.in_words, letters), textwrap.wrap(_said(each), letters)) for each in findings
    ]
    count = max(len(findings), 1)
    needed = _ROW * (1 + max((len(claim) + len(said) for claim, said in texts), default=0))
    needed += _BAR * (2 + max((len(each.controls) for each in findings), default=0))
    up = max(needed, _LEAST / count)
    figure = go.Figure(layout=layout(round(up * count) + 260 - _LEAST, showlegend=False))
    for place, (finding, (claim, said)) in enumerate(zip(reversed(findings), reversed(texts), strict=True)):
        colour = {"color": VERDICTS.get(finding.verdict, OTHER)}
        _write(figure, claim, place + 0.5)
        _write(figure, said, place + 0.5 - _ROW * len(claim) / up, font=colour)
        strip = place + 0.5 - _ROW * (len(claim) + len(said) + 0.8) / up
        _bars(figure, finding, [strip - _BAR * (index + 1) / up for index in range(len(finding.controls))])
        at = [position(finding.value, *scale_of(finding))] if finite(finding.value) else []
        figure.add_scatter(x=[0, 1], y=[strip] * 2, mode="lines", line={"color": AXIS, "width": 1})
        figure.add_scatter(x=at, y=[strip] * len(at), mode="markers", marker={"size": 9, **colour})
    _write(figure, textwrap.wrap(_SCALES, letters), -0.5)
    figure.update_yaxes(visible=False, range=[-0.5, count - 0.5])
    figure.update_xaxes(visible=False, range=[-0.02, 1.02])
    return figure


def _write(figure: go.Figure, lines: Sequence[str], y: float, **how: Any) -> None:
    """Lines below a height, from the left edge of the page."""
    where = {"xref": "paper", "yref": "y", "x": 0, "xanchor": "left", "xshift": -_LEFT, "yanchor": "top"}
    figure.add_annotation(text="<br>".join(lines), y=y, **where, **how)


def _bars(figure: Any, finding: Finding, heights: Sequence[float]) -> None:
    low, high = scale_of(finding)
    for control, y in zip(finding.controls, heights, strict=True):
        if finite(control.low) and finite(control.high):
            x = [position(control.low, low, high), position(control.high, low, high) + 0.004]
            figure.add_scatter(x=x, y=[y, y], mode="lines", line={"color": OTHER, "width": 5})


def _said(finding: Finding) -> str:
    return f"{finding.said} · {finding.verdict}" if finite(finding.value) else finding.verdict


def _draw(figure: Any, finding: Finding, place: int) -> None:
    _bars(figure, finding, [place - 0.1 - 0.12 * index for index in range(len(finding.controls))])
    at = position(finding.value, *scale_of(finding)) if finite(finding.value) else 0.0
    colour = VERDICTS.get(finding.verdict, OTHER)
    figure.add_scatter(
        x=[at],
        y=[place + 0.1],
        mode="markers+text",
        marker={"color": colour, "size": 9 if finite(finding.value) else 1},
        text=[_said(finding)],
        textposition="middle right",
        textfont={"size": 11, "color": colour},
    )


def _claim(finding: Finding) -> str:
    return "<br>".join(textwrap.wrap(finding.in_words, _LINE)[:3])
