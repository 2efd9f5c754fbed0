"""Building the report of an explanation as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING
from uuid import uuid4

from groklens.report.sections import Section, sections
from groklens.report.words import linked
from groklens.views.renderers import STILL, UNPACK, Page, document, findings_still, packed

if TYPE_CHECKING:
    from groklens.explain import Explanation


def report(explanation: Explanation) -> Page:
    """The whole report as one page; `gl.views.report` describes its contents."""
    parts = sections(explanation)
    body = "\n".join(
        [
            _header(explanation),
            _contents(parts),
            "<main>",
            *(_section(part) for part in parts),
            "</main>",
            f"<footer>Written by groklens {version('groklens')}. All that is shown is inside this page.</footer>",
        ]
    )
    body = linked(body)
    line = explanation.headline
    return Page(
        body,
        line,
        lambda **how: findings_still(explanation.findings, **how),
        inline=_framed(document(line, body)),
    )


def _framed(page: str) -> str:
    """A notebook cell that shows the page in a frame, or the still picture where scripts do not run."""
    name = f"groklens-{uuid4().hex[:12]}"
    return (
        f'<div id="{name}">{STILL}</div><script>(function () {{{UNPACK}'
        f'unpack("{packed(page)}").then(function (page) {{'
        'const frame = document.createElement("iframe");'
        'frame.style.cssText = "width:100%;height:80vh;border:0";'
        "frame.srcdoc = page;"
        f'document.getElementById("{name}").replaceChildren(frame); }}); }})();</script>'
    )


def _header(explanation: Explanation) -> str:
    sentence = explanation.headline
    story = "; ".join(map(str, explanation.phases))
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>" for name, fact in explanation.about.items()
    )
    return (
        f'<header><p class="run">Run {escape(explanation.run)}</p><h1>{escape(explanation.task)}</h1>'
        f'<dl class="about">{rows}</dl>'
        f'<p class="headline {escape(explanation.verdict)}">{escape(sentence)}</p>'
        + (f'<p class="story">{escape(story[:1].upper() + story[1:])}.</p>' if story else "")
        + "</header>"
    )


def _contents(parts: list[Section]) -> str:
    links = "".join(f'<li><a href="#{part.anchor}">{escape(part.title)}</a></li>' for part in parts)
    return f'<nav aria-label="Contents"><ol>{links}</ol></nav>'


def _section(part: Section) -> str:
    return f'<section id="{part.anchor}"><h2>{escape(part.title)}</h2>\n{part.body}</section>'
