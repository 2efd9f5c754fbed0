"""The report: an explanation as one page that can be sent to someone."""

from __future__ import annotations

from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING

from groklens.views.figure import Page
from groklens.views.page import document, verdict_mark
from groklens.views.sections import Section, sections
from groklens.views.words import headline, timeline, verdict_words, what_it_does

if TYPE_CHECKING:
    from groklens.explain.explanation import Explanation


def report(explanation: Explanation) -> Page:
    """The whole explanation as one page: when it learned, with what, and how that is known.

    The page needs no network, reads on a phone, in the dark and on paper, and shows curves with the phases
    shaded, spectra and neurons with sliders over steps, the logits over both operands, and every finding
    beside its controls. Its first line ends in the verdict: `supported`, `refuted` or `undecided`. What the
    table or the task does not have is left out, with a line that says so; nothing is raised for it.

    >>> gl.views.report(gl.explain(run)).save("report.html")  # doctest: +SKIP
    """
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
    line = headline(explanation)
    return Page(document(line, body), line)


def _header(explanation: Explanation) -> str:
    sentence = what_it_does(explanation)
    about = verdict_words(explanation).removesuffix(explanation.verdict)
    about = f"<br>{escape(about[:1].upper() + about[1:])}" if about else ""
    story = timeline(explanation.phases)
    return (
        f'<header><p class="run">Run {escape(explanation.run)}</p><h1>{escape(explanation.task)}</h1>'
        f'<p class="headline">{escape(sentence[0].upper() + sentence[1:])}. {about}'
        f"{verdict_mark(explanation.verdict)}</p>"
        + (f'<p class="story">{escape(story)}</p>' if story else "")
        + "</header>"
    )


def _contents(parts: list[Section]) -> str:
    links = "".join(f'<li><a href="#{part.anchor}">{escape(part.title)}</a></li>' for part in parts)
    return f'<nav aria-label="Contents"><ol>{links}</ol></nav>'


def _section(part: Section) -> str:
    return f'<section id="{part.anchor}"><h2>{escape(part.title)}</h2>\n{part.body}</section>'
