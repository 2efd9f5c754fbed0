"""`InNotebooks`: what has words of its own shows them as the last line of a notebook's cell, instead of its fields."""

from __future__ import annotations

from html import escape
from typing import Any


class InNotebooks:
    """A result that a notebook shows as `print` does, with lines that wrap; its `repr` stays that of its fields."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        said = str(self)
        return {"text/plain": said, "text/html": f'<div style="white-space: pre-wrap">{escape(said)}</div>'}
