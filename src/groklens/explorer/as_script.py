"""Data of the explorer's page as classic scripts, which a page may load from a server and from a folder alike."""

from __future__ import annotations

import json
import math
from typing import Any

from groklens.claims import quantity
from groklens.errors import shown
from groklens.views import Figure

#: Characters of a name that comes from a file.
_LONGEST = 120


def as_script(name: str, values: dict[str, Any]) -> bytes:
    """The script that hands `values` to the page under `name`; nothing in it can end the script or the page's markup.

    All but ASCII is escaped, so that no text of a file, be it half a character, keeps the script from being read.

    >>> as_script("data/index", {"name": "</script>"})
    b'explorer.receive("data/index", {"name":"\\\\u003c/script>"});\\n'
    """
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return f"explorer.receive({json.dumps(name)}, {text});\n".replace("<", "\\u003c").encode("ascii")


def figure_values(figure: Figure | Any) -> dict[str, Any]:
    """A figure as JSON values, its arrays packed as plotly packs them."""
    values: dict[str, Any] = json.loads(figure.to_json())
    return {"data": values["data"], "layout": values["layout"]}


def plain(name: object) -> str:
    """A name from a file as text of the page: on one line, and not too long."""
    return shown(name, _LONGEST)


def finite(value: Any) -> float | None:
    """A number as JSON has it: None for what is none.

    >>> finite(float("nan")), finite(2)
    (None, 2.0)
    """
    number = float(value)
    return number if math.isfinite(number) else None


def row(name: str, value: Any, units: str) -> dict[str, Any]:
    """A number by its name, with its units and its text."""
    number = finite(value)
    return {"name": name, "value": number, "units": units, "text": quantity(number, units)}
