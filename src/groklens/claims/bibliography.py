"""The literature that findings and measures name as their source, as BibTeX (`sources.bib`, beside this file)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

#: What stands between a first author and the year: "et al.", "& Tegmark", a bracket.
_BETWEEN = r"[^0-9;]{0,40}?"


class Entry(NamedTuple):
    """An entry of the bibliography: its text, the first author's surname, the year, and the arXiv number."""

    text: str
    surname: str
    year: str
    eprint: str

    def is_cited(self, source: str) -> bool:
        """Whether a source names this work, by its arXiv number or as in "Nanda et al. 2023, section 5"."""
        if self.eprint and self.eprint in source:
            return True
        named = rf"\b{re.escape(self.surname)}\b{_BETWEEN}\b{self.year}\b"
        return bool(self.surname) and re.search(named, source) is not None


@cache
def entries() -> tuple[Entry, ...]:
    """Every entry of the bibliography, in the order of the file."""
    text = files("groklens.claims").joinpath("sources.bib").read_text(encoding="utf-8")
    return tuple(map(_entry, re.split(r"\n\n(?=@)", text.strip())))


def bibliography(sources: Iterable[str]) -> str:
    r"""The BibTeX entries of the works that sources name, each once; empty where they name none.

    Titles are those that the works have on arXiv, or where they were published. A source that is ours, or a rule in
    words, names no work.

    >>> print(bibliography(["Nanda et al. 2023, section 5"]).splitlines()[0])
    @article{nanda2023,
    """
    named = list(sources)
    return "\n\n".join(each.text for each in entries() if any(map(each.is_cited, named)))


def _entry(text: str) -> Entry:
    author = _field(text, "author")
    surname = re.split(r",| and ", author)[0].strip()
    return Entry(text, surname, _field(text, "year"), _field(text, "eprint"))


def _field(text: str, name: str) -> str:
    found = re.search(rf"^\s*{name} = {{(.*)}},?$", text, flags=re.M)
    return "" if found is None else found[1]
