"""How docstrings are read for the reference: their doctests are code."""

from __future__ import annotations

import re
from typing import Any

import griffe

#: From a prompt to the next empty line.
DOCTEST = re.compile(r"^( *)>>> .*?(?=\n\s*\n|\Z)", flags=re.M | re.S)


class Doctests(griffe.Extension):
    """Doctests become blocks of code."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Fence the doctests of an object's docstring."""
        if obj.docstring:
            obj.docstring.value = DOCTEST.sub(fenced, obj.docstring.value)


def fenced(found: re.Match[str]) -> str:
    """A doctest as a block of code, without what only the test runner reads."""
    code = re.sub(r" *# doctest: .*", "", found[0])
    return f"{found[1]}```pycon\n{code}\n{found[1]}```"
