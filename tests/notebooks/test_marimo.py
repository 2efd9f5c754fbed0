"""marimo as a person opens it: every view is alive in a frame of its own, and its slider moves the picture."""

from importlib.util import find_spec

import pytest

from browser import Opened, browser, needs_chromium
from notebook_servers import serving

needs_marimo = pytest.mark.skipif(
    find_spec("marimo") is None, reason="marimo is not installed; pip install marimo"
)
pytestmark = [needs_chromium, needs_marimo, pytest.mark.slow]

MARIMO = [
    "run",
    "views.py",
    "--headless",
    "--host",
    "127.0.0.1",
    "--port",
    "PORT",
    "--token-password",
    "TOKEN",
]
NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
    import groklens as gl

    run = gl.examples.load("mod23")
    why = gl.explain(run)
    why
    return gl, run, why


@app.cell
def _(gl, why):
    gl.views.embedding(why)
    return


@app.cell
def _(gl, run):
    gl.views.attention(run, [(3, 5)], steps=[0, 3_000])
    return
"""
PLACES = "chart => chart.querySelector('.scatterlayer .points').innerHTML"


def frame_with(page, selector):
    """The frame of the page in which a selector finds something."""
    page.wait_for_function(
        "selector => Array.from(document.querySelectorAll('iframe')).some("
        "e => e.contentDocument && e.contentDocument.querySelector(selector))",
        arg=selector,
    )
    return next(frame for frame in page.frames[1:] if frame.locator(selector).count())


def test_every_view_is_alive(tmp_path, monkeypatch):
    monkeypatch.setenv("MARIMO_SKIP_UPDATE_CHECK", "1")
    (tmp_path / "views.py").write_text(NOTEBOOK)
    with serving("marimo", MARIMO, tmp_path, "/health") as (address, token), browser() as chromium:
        seen = Opened(chromium, f"{address}/?access_token={token}", width=1280)
        seen.page.set_default_timeout(240_000)
        chart = frame_with(seen.page, ".slider-rail-touch-rect").locator(".js-plotly-plot")
        label, before = chart.locator(".slider-label").first, chart.evaluate(PLACES)
        assert label.text_content() == "training step 3,000"
        rail = chart.locator(".slider-rail-touch-rect")
        rail.click(position={"x": 1, "y": rail.bounding_box()["height"] / 2})
        seen.changes(label, "training step 3,000")
        assert label.text_content() == "training step 0"
        assert chart.evaluate(PLACES) != before
        heads = frame_with(seen.page, ".attention canvas")
        said = heads.locator(".attention tbody").text_content()
        heads.locator(".attention input[type=range]").fill("0")
        assert heads.locator("output").inner_text() == "0"
        assert heads.locator(".attention tbody").text_content() != said
        assert "supported" in seen.page.inner_text("body")
        seen.shot("marimo")
        assert seen.asked == []
        seen.close()
