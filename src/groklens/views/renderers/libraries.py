"""The scripts of plotly.js and CircuitsVis, included once per page or notebook.

Of plotly.js that is the part for flat axes, a third of the whole, which is in this package; a figure with traces of
other kinds, which only a user can have added, brings the whole from the installed plotly. CircuitsVis comes from its
own installed package.

In a notebook one copy, compressed, serves all pictures. It is put into the output of the cell that first needs it, and
again when that cell is run again: its old output is gone then, and a saved notebook has to hold the script somewhere.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from groklens.views.renderers.packed import UNPACK, of_gzip, packed

#: What an element that a script draws into is marked with.
_MARKS = {
    "plotly": 'class="chart"',
    "plotly whole": 'class="chart whole"',
    "circuitsvis": 'class="attention"',
}
#: The kinds of traces that the part for flat axes draws, as its makers list them.
_FLAT = frozenset(
    (
        "bar", "box", "contour", "heatmap", "histogram", "histogram2d", "histogram2dcontour", "image", "pie",
        "scatter", "scatterternary", "violin",
    )
)  # fmt: skip
#: One page may be given the part and the whole, which have one name: a part never takes the whole's place.
_BEFORE = {"plotly": "if ((window.Plotly || {}).whole) return;"}
_AFTER = {"plotly whole": "window.Plotly.whole = true;"}
#: What is true once a figure's library is there.
READY = {"plotly": "window.Plotly", "plotly whole": "(window.Plotly || {}).whole"}
#: Which cell holds each script, and in which of its executions it was given.
_given: dict[str, tuple[object, object]] = {}


def plotly_for(spec: dict[str, Any]) -> str:
    """The library that draws a figure: all of plotly.js only where its part for flat axes is not enough."""
    kinds = {trace.get("type", "scatter") for trace in spec["data"]}
    return "plotly" if kinds <= _FLAT else "plotly whole"


def needed(body: str) -> tuple[str, ...]:
    """The libraries that a piece of HTML needs."""
    found = [name for name, mark in _MARKS.items() if mark in body]
    if "plotly whole" in found:  # which has the part in it
        found = [name for name in found if name != "plotly"]
    return tuple(found)


@lru_cache(maxsize=3)
def script(library: str) -> str:
    """The text of a library's script, safe inside a script element."""
    if library == "plotly":
        text = gzip.decompress(_flat_plotly()).decode()
    elif library == "plotly whole":
        from plotly.offline import get_plotlyjs

        text = str(get_plotlyjs())
    else:
        found = find_spec("circuitsvis")  # not imported: that would load torch
        assert found is not None
        assert found.origin is not None
        text = (Path(found.origin).parent / "dist" / "cdn" / "iife.js").read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script")


def scripts(libraries: Iterable[str]) -> str:
    """Script elements of these libraries, for a page."""
    return "".join(f"<script>{script(name)}</script>\n" for name in libraries)


def scripts_once(libraries: Iterable[str]) -> str:
    """Script elements that unpack those libraries that the notebook does not hold yet, and run them moments later."""
    return "".join(
        f'<script>(function () {{{UNPACK} unpack("{_packed(name)}").then(function (text) {{'
        f"{_BEFORE.get(name, '')}"
        'const script = document.createElement("script"); script.textContent = text;'
        f"document.head.appendChild(script);{_AFTER.get(name, '')} }}); }})();</script>\n"
        for name in libraries
        if _is_needed(name)
    )


def forget() -> None:
    """Forget which scripts notebooks hold, as in a new process."""
    _given.clear()


@lru_cache(maxsize=3)
def _packed(library: str) -> str:
    return of_gzip(_flat_plotly()) if library == "plotly" else packed(script(library))


def _flat_plotly() -> bytes:
    return files("groklens.views").joinpath("plotly-cartesian.min.js.gz").read_bytes()


def _is_needed(library: str) -> bool:
    cell, execution = _here()
    holder = _given.get(library)
    # Colab shows every output in a page of its own, so there each must bring the script along.
    needed = holder is None or "google.colab" in sys.modules or (cell is not None and _again(holder))
    if needed:
        _given[library] = (cell, execution)
    return needed


def _again(holder: tuple[object, object]) -> bool:
    """Whether the cell that holds the script is being executed again."""
    cell, execution = _here()
    return holder[0] == cell and holder[1] != execution


def _here() -> tuple[object, object]:
    """The notebook cell being executed and its execution count; None outside notebooks."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    parent = getattr(shell, "parent_header", None) or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    return cell, (parent.get("header") or {}).get("msg_id")
