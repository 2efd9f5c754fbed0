"""What views return: pictures that show themselves in a notebook, offline too, and can be saved."""

from __future__ import annotations

import html
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from groklens.views.page import chart, document, in_script, plotly_script

if TYPE_CHECKING:
    import plotly.graph_objects as go

MIMETYPE = "application/vnd.plotly.v1+json"
#: What the charts' toolbars hold; nothing in them reaches the network.
CONFIG = {"responsive": True, "displaylogo": False, "modeBarButtons": [["toImage"]]}


class Figure:
    """A plotly figure, a sentence that stands in for it, and how to show both.

    `figure.plotly` is the plotly figure itself; its attributes and methods are reached through this object
    too (`figure.data`, `figure.update_layout(...)`). In a notebook it is shown by the front end's own plotly,
    else from the HTML beside it, else as the sentence. `html` is a whole page that needs no network.

    >>> gl.views.curves(table).save("curves.html")  # doctest: +SKIP
    """

    #: Whether this process has put plotly.js into a notebook: one copy (5 MB) serves all figures.
    _script_given: ClassVar[bool] = False

    def __init__(self, plotly: go.Figure, text: str) -> None:
        self.plotly = plotly
        self.text = text

    def __repr__(self) -> str:
        return f"Figure({self.text!r})"

    def __getattr__(self, name: str) -> Any:
        if name == "plotly" or name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.plotly, name)

    @property
    def spec(self) -> dict[str, Any]:
        """Data, layout and frames as JSON values; arrays are packed as plotly packs them."""
        return {**json.loads(self.plotly.to_json()), "config": CONFIG}

    @property
    def html(self) -> str:
        """The figure as one self-contained HTML page."""
        return document(self.text, f"<main>{chart(self.spec, self.text)}</main>")

    def save(self, path: str | Path) -> Path:
        """Write `html` to `path`, and return it."""
        return _written(path, self.html)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIMETYPE: self.spec, "text/html": self._fragment(), "text/plain": self.text}

    def _fragment(self) -> str:
        # Colab shows every output in a page of its own, so there each must bring the script along.
        needed = not Figure._script_given or "google.colab" in sys.modules
        Figure._script_given = True
        script = f"<script>{plotly_script()}</script>" if needed else ""
        name = f"groklens-{uuid4().hex[:12]}"
        return (
            f'<div id="{name}">{html.escape(self.text)}</div>{script}<script>(function () {{'
            f'const node = document.getElementById("{name}"), spec = {in_script(self.spec)};'
            'if (!window.Plotly) return; node.textContent = "";'
            "Plotly.newPlot(node, spec.data, spec.layout, spec.config)"
            ".then(function () { Plotly.addFrames(node, spec.frames || []); }); })();</script>"
        )


@dataclass(frozen=True)
class Page:
    """A view that is HTML from the start: `html` is the whole page, `text` says in one line what it shows."""

    html: str
    text: str
    #: What a notebook shows, where that is less than the page.
    fragment: str | None = None

    def __repr__(self) -> str:
        return f"Page({self.text!r})"

    def save(self, path: str | Path) -> Path:
        """Write `html` to `path`, and return it."""
        return _written(path, self.html)

    def _repr_html_(self) -> str:
        if self.fragment is not None:
            return self.fragment
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" title="{html.escape(self.text)}" '
            'style="width:100%;height:80vh;min-height:480px;border:1px solid #8886"></iframe>'
        )


def _written(path: str | Path, text: str) -> Path:
    path = Path(path)
    path.write_text(text, encoding="utf-8")
    return path
