"""`gl.views.summary`: an explanation in a few lines of HTML, for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from groklens.claims import HEADINGS, PHASE_COLUMNS, by_role
from groklens.views.drawing.palette import VERDICTS
from groklens.views.inputs import explained

if TYPE_CHECKING:
    from groklens.claims import Finding, Phase
    from groklens.explain import Explanation

_CELL = "text-align:left;vertical-align:top;padding:2px 14px 2px 0"


def summary(explanation: Explanation) -> str:
    """An explanation as HTML: its verdict, its phases, and each finding beside its controls.

    It has no script and no style sheet, so it is shown in notebooks that are not trusted too. A verdict is
    `supported`, `refuted` or `undecided`; a value far from all of its controls is what supports a claim.
    `gl.views.report` is the whole page. Raises `BadArgument` for what has to be explained first.

    >>> from IPython.display import HTML; HTML(gl.views.summary(why))  # doctest: +SKIP
    """
    explanation = explained(explanation)
    colour = VERDICTS.get(explanation.verdict, VERDICTS["undecided"])
    line = (
        f'<p style="margin:0 0 6px;padding-left:10px;border-left:4px solid {colour};font-size:110%">'
        f"{escape(explanation.headline)}</p>"
    )
    return f"<div>{line}{_phases(explanation.phases)}{_findings(explanation.findings)}</div>"


def _phases(phases: list[Phase]) -> str:
    table = _table(PHASE_COLUMNS, [tuple(map(escape, phase.row)) for phase in phases])
    unseen = [f'<p style="margin:0 0 6px">{escape(str(phase))}</p>' for phase in phases if phase.unseen]
    return table + "".join(unseen)


def _findings(findings: list[Finding]) -> str:
    tables = {
        role: _table((HEADINGS[role], "value", "controls"), [_cells(each) for each in own])
        for role, own in by_role(findings).items()
    }
    return "".join(tables.values())


def _cells(finding: Finding) -> tuple[str, ...]:
    colour = VERDICTS.get(finding.verdict, VERDICTS["undecided"])
    return (
        f'<strong style="color:{colour}">{escape(finding.verdict)}</strong> {escape(finding.in_words)}',
        escape(finding.note if finding.value is None else finding.said),
        "<br>".join(escape(control.said(finding.units)) for control in finding.controls) or "–",
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    top = "".join(f'<th style="{_CELL}">{name}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    return (
        '<table style="border-collapse:collapse;margin:0 0 10px">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )
