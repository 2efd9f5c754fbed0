"""`gl.views.findings`: findings as a table, each value beside the controls that could have refuted it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from groklens.claims import HEADINGS, by_role, how_many, in_units
from groklens.views.drawing.finding_scale import finite, position, scale_of
from groklens.views.inputs import explained
from groklens.views.renderers.figure import Page
from groklens.views.renderers.html_document import verdict_mark

if TYPE_CHECKING:
    from groklens.claims import Control, Finding
    from groklens.explain import Explanation

_WIDTH = 200


def findings(source: Explanation | Sequence[Finding] | Finding) -> Page:
    """Every finding as a table row: its value beside the mean and range of each control, and its verdict.

    A dot is this model, a bar the range of a control and the tick in it its mean; all of one finding share
    a scale. A dot far outside every bar is what sets the model apart from the controls; one inside a bar
    says nothing. Where all numbers lie in 0 to 1 the scale is 0 to 1. Raises nothing: a finding without a
    value, or without controls, is shown as such.

    Args:
        source: an explanation, findings such as those of `gl.examine`, or one of them: a figure for its claim.

    >>> gl.views.findings(why).save("findings.html")  # doctest: +SKIP
    >>> gl.views.findings(why.finding("necessity.logits")).save("necessity.pdf", width=3.25)  # doctest: +SKIP
    """
    from groklens.views.renderers.findings_picture import findings_still

    given: Any = source
    given = [given] if hasattr(given, "claim") else given
    listed = isinstance(given, (list, tuple)) and all(hasattr(each, "claim") for each in given)
    shown = list(
        given if listed else given.findings if hasattr(given, "findings") else explained(given).findings
    )
    about = getattr(source, "task", "")
    table = findings_table(shown)
    text = f"{how_many(len(shown), 'finding')}{f' about {about}' if about else ''}."
    heading = f"<h1>{escape(about)}</h1>" if about else ""
    return Page(
        body=f"<main>{heading}{table}</main>",
        text=text,
        draw_still=lambda **how: findings_still(shown, **how),
        inline=f"<style>{_NOTEBOOK}</style>{table}",
    )


def findings_table(findings: Sequence[Finding]) -> str:
    """The table of findings as HTML, for a page that has the style."""
    if not findings:
        return '<p class="note">There are no findings.</p>'
    columns = "".join(f'<col class="{name}">' for name in ("name", "strip", "mean", "range"))
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("Measured on", "", "Value or mean", "Range"))
    roles = by_role(findings)
    beside = [_BESIDE] if "aside" in roles else []
    own, asides = ([_finding(each) for each in roles.get(role, [])] for role in ("prediction", "aside"))
    bodies = "\n".join([*own, *beside, *asides])
    return f'<table class="findings"><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>\n{bodies}</table>'


#: What stands above the findings that decide nothing.
_BESIDE = f'<tbody><tr class="beside"><th colspan="4" scope="rowgroup">{HEADINGS["aside"]}</th></tr></tbody>'


def _finding(finding: Finding) -> str:
    low, high = scale_of(finding)
    rows = [] if finding.value is None else [_value_row(finding, low, high)]
    rows += [_control_row(control, finding.units, low, high) for control in finding.controls]
    below = [_note(finding.note), _note(finding.source and f"Source: {finding.source}")]
    return (
        f'<tbody><tr class="claim"><th colspan="4" scope="rowgroup">{verdict_mark(finding.verdict)} '
        f"<span>{escape(finding.in_words)}</span></th></tr>{''.join(rows)}"
        f'<tr class="below"><td colspan="4">{"".join(below)}</td></tr></tbody>'
    )


def _value_row(finding: Finding, low: float, high: float) -> str:
    value = finding.value
    drawn = "" if not finite(value) else f'<circle cx="{_at(value, low, high):.1f}" cy="9" r="5"/>'
    return _row("this model", drawn, finding.said, "", "value")


def _control_row(control: Control, units: str, low: float, high: float) -> str:
    drawn = ""
    if finite(control.mean) and finite(control.low) and finite(control.high):
        left, middle, right = (_at(each, low, high) for each in (control.low, control.mean, control.high))
        width = max(right - left, 2.0)
        drawn = (
            f'<rect class="range" x="{left:.1f}" y="5" width="{width:.1f}" height="8"/>'
            f'<line class="mean" x1="{middle:.1f}" x2="{middle:.1f}" y1="2" y2="16"/>'
        )
    return _row(control.name, drawn, in_units(control.mean, units), control.spread(units), "control")


def _row(name: str, drawn: str, mean: str, spread: str, kind: str) -> str:
    strip = (
        f'<svg viewBox="0 0 {_WIDTH} 18" preserveAspectRatio="xMinYMid" '
        f'width="{_WIDTH}" height="18" aria-hidden="true">'
        f'<line class="base" x1="0" x2="{_WIDTH}" y1="9" y2="9"/>{drawn}</svg>'
    )
    mean, spread = escape(_unbroken(mean)), escape(_unbroken(spread))
    return (
        f'<tr class="{kind}"><td>{escape(name)}</td><td>{strip}</td>'
        f'<td class="number">{mean}</td><td class="number spread">{spread}</td></tr>'
    )


def _unbroken(text: str) -> str:
    """Text in which numbers stay on one line with their per cent sign and powers."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace(" × ", "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}")


def _note(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _at(value: float | None, low: float, high: float) -> float:
    return 7 + (_WIDTH - 14) * position(value, low, high)


#: What a notebook needs of the page's style.
_NOTEBOOK = """
.findings { border-collapse: collapse; } .findings td, .findings th { text-align: left; padding: 2px 10px; }
.findings svg { overflow: visible; min-width: 200px; fill: #3465EA; } .findings .base { stroke: #8886; }
.findings .range { fill: #8B929C99; } .findings .mean { stroke: #8B929C; stroke-width: 2; }
.findings .verdict { border: 1px solid; border-radius: 3px; padding: 0 6px; font-size: 85%; }
.findings .below p { margin: 0; opacity: 0.75; font-size: 90%; }
"""
