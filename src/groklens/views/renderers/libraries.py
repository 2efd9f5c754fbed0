"""The scripts of plotly.js and CircuitsVis, from the installed packages, included once per page or notebook.

In a notebook one copy serves all pictures. It is put into the output of the cell that first needs it, and again
when that cell is run again: its old output is gone then, and a saved notebook has to hold the script somewhere.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: The global that each script defines.
GLOBALS = {"plotly": "Plotly", "circuitsvis": "CircuitsVis"}
#: What an element that a script draws into is marked with.
_MARKS = {"plotly": 'class="chart"', "circuitsvis": 'class="attention"'}
#: Which cell holds each script, and in which of its executions it was given.
_given: dict[str, tuple[object, object]] = {}


def needed(body: str) -> tuple[str, ...]:
    """The libraries that a piece of HTML needs."""
    return tuple(name for name, mark in _MARKS.items() if mark in body)


@lru_cache(maxsize=2)
def script(library: str) -> str:
    """The text of a library's script, safe inside a script element."""
    if library == "plotly":
        from plotly.offline import get_plotlyjs

        text = str(get_plotlyjs())
    else:
        found = find_spec("circuitsvis")  # not imported: that would load torch
        assert found is not None
        assert found.origin is not None
        text = (Path(found.origin).parent / "dist" / "cdn" / "iife.js").read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script")


def scripts(libraries: tuple[str, ...]) -> str:
    """Script elements of these libraries, for a page."""
    return "".join(f"<script>{script(name)}</script>\n" for name in libraries)


def scripts_once(libraries: tuple[str, ...]) -> str:
    """Script elements of the libraries that the notebook does not hold yet."""
    return scripts(tuple(name for name in libraries if _is_needed(name)))


def forget() -> None:
    """Forget which scripts notebooks hold, as in a new process."""
    _given.clear()


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
