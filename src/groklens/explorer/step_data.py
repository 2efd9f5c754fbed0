"""What the page shows of one step: the numbers of its table, and its pictures."""

from __future__ import annotations

from typing import Any

from groklens.explorer.as_script import figure_values, row
from groklens.explorer.looked_at import LookedAt
from groklens.explorer.pictures import Picture, pictures_of
from groklens.views import bare_title


def step_values(looked: LookedAt, step: int) -> dict[str, Any]:
    """Numbers and pictures of one step."""
    return {"step": step, "numbers": _numbers(looked, step), "pictures": _drawn(looked, step)}


def _numbers(looked: LookedAt, step: int) -> list[dict[str, Any]]:
    """Every measure of the step's table that is one number."""
    scalars = [each for each in looked.table(step).data_vars.values() if each.dims == ("step",)]
    return [row(bare_title(each), each.values[0], str(each.attrs.get("units", ""))) for each in scalars]


def _drawn(looked: LookedAt, step: int) -> list[dict[str, Any]]:
    return [_values(picture) for picture in pictures_of(looked, step)]


def _values(picture: Picture) -> dict[str, Any]:
    return {
        "kind": picture.kind,
        "title": picture.title,
        "caption": picture.caption,
        "text": picture.figure.text,
        "figure": figure_values(picture.figure),
        "parts": None if picture.of is None else {"kind": picture.of, "by": picture.by},
    }
