"""The explorer over a run that was trained, in a browser: exported, and served behind its token."""

import json
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from explorer_folder import number_said

import groklens as gl
from browser import Opened, browser, needs_chromium
from groklens import explorer
from groklens.explorer.opened import Opened as Given
from groklens.explorer.pages import Pages
from groklens.explorer.server import HOST, application, listener
from groklens.runs import as_run

pytestmark = needs_chromium
_STANDS = """step => { const said = document.querySelector(".slider output");
  return said && said.textContent.startsWith(`step ${step} (`) && !said.textContent.includes("loading"); }"""
_BARS = """kind => Array.from(
  document.querySelector(`.picture[data-kind="${kind}"] .chart`)._fullData[0].y)"""


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@contextmanager
def served(run):
    """The address at which a run is served, until the context ends."""
    import uvicorn

    listening = listener(0)
    own = listening.getsockname()[1]
    app = application(Pages(Given.of([run])), "token", own)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://{HOST}:{own}/token/"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _check_steps(page, run):
    """At every kept step the pictures are the table's, after the slider has gone there."""
    table = gl.track(run, ["embedding_spectrum", "test_loss"], progress=False)
    for place, step in enumerate(run.steps):
        page.locator("#step").fill(str(place))
        page.wait_for_function(_STANDS, arg=step)
        assert page.locator(".chart .slider-container").count() == 0  # there is one slider, the page's
        here = table.sel(step=step)
        np.testing.assert_allclose(page.evaluate(_BARS, "spectrum"), here["embedding_spectrum"], rtol=1e-6)
        row = page.locator(".numbers tr", has=page.get_by_role("rowheader", name="test loss", exact=True))
        said = number_said(row.locator("td").inner_text())
        assert said == pytest.approx(float(here["test_loss"]), rel=1e-2)


def test_an_exported_run_shows_the_numbers_of_its_table_at_every_step(chromium, tiny_run, tmp_path):
    folder = explorer.export(tiny_run, tmp_path / "explored")
    seen = Opened(chromium, folder / "index.html", width=1280)
    seen.page.wait_for_function(_STANDS, arg=tiny_run.steps[-1])
    _check_steps(seen.page, tiny_run)
    seen.page.locator("details", has_text="One frequency").locator("summary").click()
    seen.page.get_by_role("button", name="frequency 1", exact=True).click()
    seen.page.wait_for_selector("#part table")
    assert "control" in seen.page.locator("#part").inner_text().lower()
    seen.drawn(2)
    assert seen.page.locator(".explained").count() == 0
    assert _offers_to_explain(seen) == 0  # what is not in the folder nobody can make
    assert seen.sticking_out() == []
    assert seen.asked == []
    assert seen.complaints == []
    seen.close()


def test_a_model_of_which_nobody_says_the_step_is_not_called_step_0_and_is_explained(
    chromium, tiny_run, tmp_path
):
    given = as_run(gl.Snapshot(tiny_run.final.model, tiny_run.task))
    folder = explorer.export(given, tmp_path / "explored", explain=True)
    seen = Opened(chromium, folder / "index.html", width=390)
    seen.page.wait_for_function("() => document.querySelector('.picture .at')")
    assert seen.page.locator(".slider output").inner_text() == "step unknown (1 of 1)"
    assert set(seen.page.locator(".picture .at").all_inner_texts()) == {"step unknown"}
    assert "step 0" not in seen.page.locator("body").inner_text().lower()
    seen.page.wait_for_selector(".explained .headline")
    text = (folder / "data/run/0/why.js").read_text().split(", ", 1)[1][:-3]
    assert seen.page.locator(".explained .headline").inner_text() == json.loads(text)["headline"]
    assert seen.page.locator(".explained").count() == 1
    assert _offers_to_explain(seen) == 0
    assert seen.complaints == []
    seen.close()


def _offers_to_explain(seen):
    return seen.page.get_by_role("button", name="Explain this run").count()


def test_a_served_run_is_the_same_page_under_the_strict_policy_and_nothing_without_the_token(
    chromium, tiny_run
):
    with served(tiny_run) as address:
        page = chromium.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.wait_for_function(_STANDS, arg=tiny_run.steps[-1])
        _check_steps(page, tiny_run)
        page.locator(".js-plotly-plot").nth(4).wait_for()
        assert all(url.startswith((address, "data:", "blob:")) for url in asked)
        assert complaints == []
        other = page.context.request.get(address.replace("token", "other"))
        assert (other.status, other.body()) == (404, b"")
        page.close()
