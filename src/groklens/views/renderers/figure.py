"""`Figure` and `Page`: what views return, shown in a notebook (offline too) and saved to a file."""

from __future__ import annotations

import html
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from groklens.errors import BadArgument, described, is_number, whole_number
from groklens.views.renderers.html_document import chart, document
from groklens.views.renderers.libraries import READY, needed, plotly_for, scripts_once
from groklens.views.renderers.packed import UNPACK, light_png, packed
from groklens.views.renderers.still_picture import still

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: What the charts' toolbars hold; nothing in them reaches the network.
CONFIG = {"responsive": True, "displaylogo": False, "modeBarButtons": [["toImage"]]}
#: Pixels that a page leaves around a chart.
_AROUND = 40


class Figure:
    """A plotly figure with a sentence that stands in for it, shown in a notebook and saved to a file.

    `figure.plotly` is the plotly figure itself; its attributes and methods are reached through this object
    too (`figure.data`, `figure.update_layout(...)`). In a notebook it is drawn by the plotly.js that the notebook
    holds; where no scripts run it is a still picture, else the sentence. `html` is a whole page that needs no
    network, `png` the still picture: the step that the figure stands at.

    >>> gl.views.curves(table).save("curves.html")  # doctest: +SKIP
    """

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
        """Data, layout and frames as JSON values, with arrays packed as plotly packs them."""
        return {**json.loads(self.plotly.to_json()), "config": CONFIG}

    @property
    def html(self) -> str:
        """The figure as one self-contained HTML page."""
        return document(self.text, f"<main>{chart(self.spec, self.text)}</main>")

    @property
    def png(self) -> bytes:
        """The figure as a still picture."""
        return still(self.plotly)

    def draw_still(self, **how: Any) -> bytes:
        """The figure as a still picture of a `format`, `width` and `dpi`."""
        return still(self.plotly, **how)

    def save(self, path: str | Path, width: float | None = None, dpi: int | None = None) -> Path:
        """Write `html` to `path`, or the still picture where it ends in .png, .svg or .pdf, and return it.

        For print, `width` is that of the column in inches (3.25, 6.75), and `dpi` 300 unless given; letters keep their
        size.
        """
        return _saved(self, path, width, dpi)

    # Plotly's own MIME type is left out: beside a still picture JupyterLab draws nothing by it until the mouse comes,
    # and VS Code draws it without frames, so that a slider would move nothing.
    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        spec, png = self.spec, light_png(self.png)
        shown = scripts_once([plotly_for(spec)]) + _drawn(spec, image(png, self.text))
        return {"text/html": shown, "image/png": png, "text/plain": self.text}

    def _display_(self) -> Any:
        """What marimo shows, which runs scripts in frames alone."""
        return _marimo_frame(self.html, f"{self.spec['layout'].get('height', 450) + _AROUND}px")


def _drawn(spec: dict[str, Any], until: str) -> str:
    """An element in which plotly.js draws the figure as soon as it is there, and what stands in it until then."""
    name, data = f"groklens-{uuid4().hex[:12]}", packed(json.dumps(spec, separators=(",", ":")))
    # Scripts come in the order of the cells, but a front end may draw outputs in another. Panes beside a notebook are
    # dragged too, and of that a window, which is all that plotly watches, hears nothing.
    return (
        f'<div id="{name}">{until}</div><script>(function () {{{UNPACK}'
        f'const node = document.getElementById("{name}"), plotly = new Promise(function look(found) {{'
        f"if ({READY[plotly_for(spec)]}) found(window.Plotly); else setTimeout(look, 200, found); }});"
        f'Promise.all([unpack("{data}"), plotly]).then(function (both) {{'
        "const spec = JSON.parse(both[0]), Plotly = both[1];"
        'node.textContent = ""; Plotly.newPlot(node, spec.data, spec.layout, spec.config)'
        ".then(function () { Plotly.addFrames(node, spec.frames || []);"
        "new ResizeObserver(function () { const width = node.clientWidth;"
        "if (width && width !== node._fullLayout.width) Plotly.Plots.resize(node); }).observe(node);"
        "}); }); })();</script>"
    )


def _marimo_frame(page: str, height: str) -> Any:
    """A page in a frame of marimo's."""
    return importlib.import_module("marimo").iframe(page, height=height)


@dataclass(frozen=True)
class Page:
    """A view that is HTML throughout: `body` is its content, `text` says in one line what it shows.

    `html` is the whole page, which needs no network; `png` a still picture of what it shows first.
    """

    body: str
    text: str
    draw_still: Callable[..., bytes] = field(repr=False)
    #: What a notebook shows, where that is not the body.
    inline: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"Page({self.text!r})"

    @property
    def html(self) -> str:
        """The view as one self-contained HTML page."""
        return document(self.text, self.body.replace(STILL, ""))

    @property
    def png(self) -> bytes:
        """The view as a still picture."""
        return self.draw_still(format="png")

    def save(self, path: str | Path, width: float | None = None, dpi: int | None = None) -> Path:
        """Write `html` to `path`, or the still picture where it ends in .png, .svg or .pdf; as `Figure.save`."""
        return _saved(self, path, width, dpi)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        png = light_png(self.png)
        inline = self.body if self.inline is None else self.inline
        shown = scripts_once(needed(inline)) + inline.replace(STILL, image(png, self.text))
        return {"text/html": shown, "image/png": png, "text/plain": self.text}

    def _display_(self) -> Any:
        """What marimo shows, which runs scripts in frames alone."""
        return _marimo_frame(self.html, "80vh")


#: Where an inline page shows its still picture until a script replaces it.
STILL = "<!-- still -->"


def image(png: str, text: str) -> str:
    """A PNG as a base64 image element, which stays visible where scripts do not run."""
    source = f"data:image/png;base64,{png}"
    return f'<img src="{source}" alt="{html.escape(text)}" style="max-width:100%;background:#fff">'


def _saved(view: Figure | Page, path: str | Path, width: float | None, dpi: int | None) -> Path:
    from groklens.runs import write_result

    path = Path(path).expanduser()
    ending = path.suffix.lower()
    if ending in (".png", ".svg", ".pdf"):
        _check_size(width, dpi)
        write_result(path, view.draw_still(format=ending[1:], width=width, dpi=dpi))
    elif ending in (".html", ".htm"):
        write_result(path, view.html.encode())
    else:
        raise BadArgument(
            f"{path.name} ends in {path.suffix or 'nothing'}; give a path in .html, .png, .svg or .pdf."
        )
    return path


def _check_size(width: float | None, dpi: int | None) -> None:
    if width is not None and not (is_number(width) and 2 <= width <= 20):
        raise BadArgument(
            f"width is {described(width)}; give that of the page in inches, 2 to 20, such as 6.75."
        )
    if dpi is not None and not 30 <= whole_number("dpi", dpi, such_as=300) <= 1200:
        raise BadArgument(f"dpi is {dpi}; give 30 to 1200, such as 300.")
