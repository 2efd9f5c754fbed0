"""Words of a report that a newcomer has not met: each is a link where it first stands, and is said at the end."""

from __future__ import annotations

import re
from html import escape

from groklens.report.glossary import GLOSSARY

#: Captions, where most terms stand; nothing else is touched.
_PROSE = re.compile(r'(<figcaption>|<p class="caption">)(.*?)(</figcaption>|</p>)', re.S)
#: Longer terms first, so that *circuit formation* is not taken for *circuit*.
_TERM = re.compile(rf"(?<![\w-])({'|'.join(sorted(GLOSSARY, key=len, reverse=True))})(s?)(?![\w-])", re.I)
_BY_LOWER = {term.lower(): term for term in GLOSSARY}


def linked(body: str) -> str:
    """The page with each term of the glossary linked where its prose has it first, and those terms said at the end.

    A page without any of them is left as it is.

    >>> "href" in linked('<p class="caption">The circuit alone.</p>')
    True
    """
    found: dict[str, None] = {}

    def link(term: re.Match[str]) -> str:
        name = _BY_LOWER[term[1].lower()]
        if name in found:
            return term[0]
        found[name] = None
        return f'<a class="word" href="#{anchor(name)}">{term[0]}</a>'

    body = _PROSE.sub(lambda prose: prose[1] + _TERM.sub(link, prose[2]) + prose[3], body)
    return body.replace("</main>", f"{_section(list(found))}</main>", 1) if found else body


def anchor(term: str) -> str:
    """Where a term is said in the page.

    >>> anchor("circuit formation")
    'word-circuit-formation'
    """
    return f"word-{term.lower().replace(' ', '-')}"


def _section(terms: list[str]) -> str:
    said = "".join(
        f'<dt id="{anchor(term)}">{escape(term)}</dt><dd>{escape(GLOSSARY[term])}</dd>'
        for term in GLOSSARY
        if term in terms
    )
    return f'<section id="words"><h2>The words of this page</h2><dl class="words">{said}</dl></section>'
