"""Self-contained HTML pages, with style and scripts included once."""

from __future__ import annotations

import html
import json
from importlib.resources import files
from typing import Any

from groklens.views.renderers.libraries import needed, plotly_for, scripts

#: Forbids the page to load anything at all; what it shows is inside it.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


def document(title: str, body: str) -> str:
    """A whole page around `body`, with the scripts that it needs."""
    libraries = needed(body)
    drawing = f"<script>{_part('fit.js')}{_part('page.js')}</script>" if 'class="chart' in body else ""
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)}</title>
<style>{_part("page.css")}</style>
</head>
<body>
{body}
{scripts(libraries)}{drawing}
</body>
</html>
"""


def chart(spec: dict[str, Any], text: str) -> str:
    """The place in a page where `page.js` draws a plotly figure; `text` stands there until it does."""
    height, whole = spec["layout"].get("height", 450), " whole" if plotly_for(spec) == "plotly whole" else ""
    return (
        f'<div class="chart{whole}" role="img" aria-label="{html.escape(text)}" style="min-height:{height}px">'
        f'<p class="waiting">{html.escape(text)}</p>'
        f'<script type="application/json">{in_script(spec)}</script></div>'
    )


def in_script(value: Any) -> str:
    """JSON text that is safe inside a script element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def verdict_mark(verdict: str) -> str:
    """The verdict as a coloured word."""
    return f'<span class="verdict {html.escape(verdict)}">{html.escape(verdict)}</span>'


def _part(name: str) -> str:
    return files("groklens.views").joinpath(name).read_text(encoding="utf-8")
