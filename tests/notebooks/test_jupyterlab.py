"""JupyterLab as a person uses it: cells run, the bar moves, sliders move pictures, the saved notebook stays small."""

import json
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from browser import Opened, browser, needs_chromium
from notebook_servers import serving

needs_lab = pytest.mark.skipif(
    find_spec("jupyterlab") is None, reason="JupyterLab is not installed; pip install jupyterlab"
)
pytestmark = [needs_chromium, needs_lab, pytest.mark.slow]

FIRST = Path(__file__).parents[2] / "examples" / "00_start_here.ipynb"
AT_ONCE = "from groklens import progress\n\nprogress.PATIENCE = progress.PACE = 0"
MORE = [
    "gl.views.spectrum(why)",
    "gl.views.neurons(why)",
    'gl.views.logits(why, by="sum and difference")',
    "gl.views.circuit(why)",
    "gl.views.attention(run, [(3, 5)])",
]
#: Those of the first notebook, and those above; all but attention are drawn by plotly.
PLOTLY, PICTURES = 6, 7
LAB = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port=PORT",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=TOKEN",
    "--LabApp.extension_manager=readonly",
    "--LabApp.expose_app_in_browser=True",
]
#: Another notebook in place of those that are open, as by the menu; what Lab is made of takes seconds to read again.
INSTEAD = """async path => {
  await jupyterapp.commands.execute("application:close-all");
  await jupyterapp.commands.execute("docmanager:open", {path});
}"""
WATCH_BARS = """() => {
  window.shares = [];
  new MutationObserver(() => document.querySelectorAll(".jp-OutputArea-output progress").forEach(
    bar => window.shares.push(bar.value / bar.max))).observe(document.body, {subtree: true, childList: true});
}"""
PLACES = "chart => chart.querySelector('.scatterlayer .points').innerHTML"


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with serving("jupyterlab", LAB, folder, "/api") as (address, token):
        yield lambda path: f"{address}/lab/tree/{path.name}?reset&token={token}", folder


@pytest.fixture(scope="module")
def opened(chromium, lab):
    """One tab that goes from notebook to notebook: afresh, or with Lab as it stands and the others closed."""
    tabs = []

    def open_(path, instead=False):
        if tabs and instead:
            tabs[0].page.evaluate(INSTEAD, path.name)
        elif tabs:
            tabs[0].page.goto(lab[0](path))
        else:
            tabs.append(Opened(chromium, lab[0](path), width=1280))
            tabs[0].page.set_default_timeout(240_000)
        tabs[0].page.wait_for_selector(".jp-Notebook .jp-Cell")
        return tabs[0]

    yield open_
    for each in tabs:
        each.close()


@pytest.fixture(scope="module")
def saved(lab, opened):
    """A page in which the notebook was run, its slider moved and the whole saved; and what was seen on the way."""
    import nbformat

    path = lab[1] / "first.ipynb"
    notebook = nbformat.read(FIRST, as_version=4)
    notebook.cells.insert(2, nbformat.v4.new_code_cell(AT_ONCE))
    notebook.cells += map(nbformat.v4.new_code_cell, MORE)
    nbformat.write(notebook, path)
    seen = opened(path)
    seen.page.wait_for_selector("text=| Idle")
    seen.page.evaluate(WATCH_BARS)
    seen.page.get_by_role("menuitem", name="Run", exact=True).click()
    seen.page.get_by_text("Run All Cells", exact=True).click()
    seen.page.wait_for_function("document.querySelectorAll('.attention canvas').length > 0")
    drawn = seen.drawn(PLOTLY)
    shares = seen.page.evaluate("window.shares")
    chart = seen.page.locator(".js-plotly-plot:has(.slider-rail-touch-rect)").first
    moved = [(chart.evaluate(PLACES), chart.locator(".slider-label").first.text_content())]
    for _ in range(3):  # outputs that are still growing push the slider away from under a click
        seen.slide(chart, 0.0)
        if chart.locator(".slider-label").first.text_content() != moved[0][1]:
            break
    moved.append((chart.evaluate(PLACES), chart.locator(".slider-label").first.text_content()))
    red = seen.page.locator('.jp-OutputArea-output[data-mime-type*="stderr"]').all_inner_texts()
    seen.shot("jupyterlab")
    seen.page.keyboard.press("Control+s")
    until = time.monotonic() + 60
    while not is_written(path) and time.monotonic() < until:
        time.sleep(0.2)
    return {
        "path": path,
        "drawn": drawn,
        "shares": shares,
        "moved": moved,
        "red": red,
        "asked": [*seen.asked],
    }


def is_written(path):
    """Whether the server has written the outputs; meanwhile the file is empty."""
    try:
        return len(pictures(path)) == PICTURES
    except json.JSONDecodeError:
        return False


def pictures(path):
    """The MIME bundles of a saved notebook's views."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    bundles = [out["data"] for cell in cells for out in cell.get("outputs", []) if "data" in out]
    return [bundle for bundle in bundles if "<script" in "".join(bundle.get("text/html", ""))]


def test_the_cells_run_and_every_picture_is_alive(saved):
    assert saved["drawn"] == PLOTLY
    assert saved["red"] == []
    assert saved["asked"] == []


def test_the_bar_moves(saved):
    shares = saved["shares"]
    assert len(set(shares)) > 3
    assert min(shares) < 0.2 < 0.8 < max(shares)


def test_the_slider_moves_the_picture(saved):
    (before, label), (after, other) = saved["moved"]
    assert label == "training step 3,000"
    assert other == "training step 0"
    assert before != after


def test_the_saved_notebook_is_small_and_whole(saved):
    assert saved["path"].stat().st_size < 2_000_000
    assert len(pictures(saved["path"])) == PICTURES
    assert json.loads(saved["path"].read_text("utf-8"))["metadata"]["kernelspec"]["name"] == "python3"


def test_opened_again_it_shows_its_pictures_alive(saved, opened):
    seen = opened(saved["path"])
    assert seen.drawn(PLOTLY) == PLOTLY
    seen.page.wait_for_selector(".attention canvas", state="attached")


def test_of_a_stranger_it_shows_them_still(saved, opened):
    """Jupyter trusts what it has seen run; of anything else no script runs, and what is left are images."""
    import nbformat

    notebook = nbformat.read(saved["path"], as_version=4)
    notebook.cells[0].source += "\nChanged by somebody."
    stranger = saved["path"].with_name("stranger.ipynb")
    nbformat.write(notebook, stranger)
    seen = opened(stranger, instead=True)
    images = seen.page.locator(".jp-OutputArea-output img[src^='data:image/png']")
    seen.page.wait_for_function(
        "count => document.querySelectorAll(\".jp-OutputArea-output img[src^='data:image/png']\").length >= count",
        arg=PICTURES,
    )
    assert images.count() == PICTURES
    assert all(image.bounding_box()["width"] > 300 for image in images.all())
    assert seen.page.locator(".js-plotly-plot").count() == 0
