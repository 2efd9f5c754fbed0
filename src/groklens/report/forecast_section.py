"""The section of a report that says whether the run will still change, by what runs like it did."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groklens.explain import Explanation

_CAPTION = (
    "What moves in the run itself, and the chance that its test accuracy reaches ½ by what runs of the library "
    "that were like it did. No finite record shows that a run is done: quiet is not finished."
)


def forecast_section(explanation: Explanation) -> str:
    """The forecast's sentence and its evidence as a list, for a run of a kind that the library has."""
    found = explanation.forecast
    assert found is not None  # there is no such section otherwise
    lines = "".join(f"<li>{escape(str(each))}</li>" for each in found.evidence)
    return f'<p>{escape(found.headline)}</p><ul>{lines}</ul><p class="caption">{escape(_CAPTION)}</p>'
