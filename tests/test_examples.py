"""Every example exports as a notebook that was run, and its page shows its pictures offline.

What notebooks are made with takes seconds to import, so that only the worker that makes them does.
"""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

import groklens as gl
from browser import Opened, browser, needs_chromium

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name[0].isdigit())
every_example = pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
NUMBERED = [
    "00_start_here",
    "01_explain_a_run",
    "02_watch_it_grok",
    "03_your_own_model",
    "04_clock_or_pizza",
    "05_groups",
    "06_attention_over_time",
]


#: What a new kernel would have done: its folders, and nothing of the notebook before.
AFRESH = """
%reset -f
import os as _os, sys as _sys, tempfile as _tempfile
_os.chdir({folder!r})
_tempfile.tempdir = {folder!r}
_libraries = _sys.modules.get("groklens.views.renderers.libraries")
_libraries and _libraries.forget()
"""


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all notebooks, one after another: what takes longest of a small one is importing torch."""
    from jupyter_client import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    yield manager
    manager.shutdown_kernel(now=True)


def run_notebook(notebook, folder, kernel):
    """Run the cells as in a new kernel, whose temporary files go into `folder`."""
    from nbclient import NotebookClient

    client = kernel.blocking_client()
    client.start_channels()
    client.wait_for_ready()
    client.execute_interactive(AFRESH.format(folder=str(folder)))
    client.stop_channels()
    NotebookClient(notebook, km=kernel, timeout=400).execute()


def write_page(notebook, path):
    """The notebook, and the page that it is exported to."""
    import nbformat
    from nbconvert import HTMLExporter

    nbformat.write(notebook, path.with_suffix(".ipynb"))
    page, _ = HTMLExporter().from_notebook_node(notebook)
    path.write_text(page, encoding="utf-8")
    return path


def export(script, folder, kernel):
    """The example as a notebook, run, and as a page."""
    import jupytext

    (folder / "runs").symlink_to(ROOT / "examples" / "runs")
    notebook = jupytext.read(script)
    run_notebook(notebook, folder, kernel)
    return write_page(notebook, folder / f"{script.stem}.html")


@pytest.fixture(scope="module")
def pages(tmp_path_factory, kernel):
    made = {}

    def page(script):
        if script not in made:
            made[script] = export(script, tmp_path_factory.mktemp(script.stem), kernel)
        return made[script]

    return page


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def empty(chromium, tmp_path_factory):
    """What a notebook without any output asks for and complains of, offline: that is nbconvert's, not ours."""
    from nbformat.v4 import new_notebook

    folder = tmp_path_factory.mktemp("empty")
    seen = Opened(chromium, write_page(new_notebook(), folder / "empty.html"))
    seen.page.wait_for_timeout(1000)
    seen.close()
    return seen


def outputs(notebook):
    """The MIME bundles of all outputs."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [out["data"] for cell in cells for out in cell.get("outputs", []) if "data" in out]


def test_the_examples_are_those_that_are_told_of():
    assert [path.stem for path in EXAMPLES][:7] == NUMBERED
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in listed for path in EXAMPLES)


@every_example
def test_an_example_runs_as_a_notebook_and_ends_in_a_picture(script, pages):
    page = pages(script)
    pictures = [bundle for bundle in outputs(page.with_suffix(".ipynb")) if "image/png" in bundle]
    assert pictures
    assert all({"text/html", "text/plain"} <= set(bundle) for bundle in pictures)
    cells = re.findall(r"^# %%$(.*?)(?=^# %%|\Z)", script.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert re.search(r"^gl\.views\.", cells[-1], flags=re.M), "the last cell is a picture"


@every_example
def test_a_notebook_opens_without_a_warning(script, pages):
    """What a kernel writes to stderr, a notebook shows in red.

    A script that imports TransformerLens itself gets tqdm's wish for ipywidgets; `groklens[notebook]` brings them.
    """
    cells = json.loads(pages(script).with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    outs = [out for cell in cells for out in cell.get("outputs", []) if out.get("name") == "stderr"]
    written = ["".join(out["text"]) for out in outs]
    if "from transformer_lens" in script.read_text("utf-8"):
        written = [text for text in written if "IProgress" not in text]
    assert not written


@every_example
def test_no_example_is_explained_by_everything(script, pages):
    """A circuit of every component explains nothing."""
    assert "the circuit is every component" not in pages(script).with_suffix(".ipynb").read_text("utf-8")


def test_what_example_02_says_of_its_run_holds(pages):
    script = next(path for path in EXAMPLES if path.stem == "02_watch_it_grok")
    prose = re.sub(r"\s+(# )?", " ", script.read_text(encoding="utf-8"))
    run = gl.load(next(pages(script).parent.glob("*/mod31")))
    accuracy = run.history[["train_accuracy", "test_accuracy"]].dropna("step")
    known, generalised = (int(values.step[values >= 0.99][0]) for values in accuracy.values())
    assert "by heart within two hundred updates" in prose
    assert known <= 200
    assert "about a thousand updates later" in prose
    assert 500 <= generalised - known <= 2_000
    assert "test accuracy waits at about a half" in prose
    assert 0.4 <= float(accuracy["test_accuracy"].sel(step=300)) <= 0.6
    why = json.loads((run.path / "why.json").read_text(encoding="utf-8"))
    assert all(phase["start"] and phase["end"] for phase in why["phases"])
    assert "a few of the 15 frequencies" in prose
    assert 1 <= len(why["circuit"]["components"]) <= 6
    assert why["verdict"] == "supported"


def test_what_example_06_says_of_its_heads_holds():
    run = gl.load(ROOT / "examples" / "runs" / "mod113")
    pattern = gl.capture(run, "blocks.0.attn.hook_pattern", pos=-1, reduce="mean", steps=[200, 15_000])
    first = pattern["blocks.0.attn.hook_pattern"].isel(key=0)
    assert float(abs(first.sel(step=200) - 0.5).max()) > 0.3
    assert float(abs(first.sel(step=15_000) - 0.5).max()) < 0.02


@needs_chromium
@every_example
def test_its_page_shows_its_pictures_offline(script, pages, chromium, empty):
    page = pages(script)
    text = page.read_text(encoding="utf-8")
    seen = Opened(chromium, page)
    drawn = len(re.findall(r"Plotly\.newPlot\(node, spec", text))
    assert seen.drawn(drawn) == drawn if drawn else True
    if "CircuitsVis.render(child" in text:
        seen.page.wait_for_selector(".attention canvas")
        said = seen.page.locator(".attention tbody")
        before = said.text_content()
        seen.page.locator(".attention input[type=range]").fill("0")
        seen.changes(said, before)
        assert said.text_content() != before
    for chart in seen.page.locator(".js-plotly-plot:has(.slider-rail-touch-rect)").all():
        last = chart.locator(".slider-label").first.text_content()
        seen.slide(chart, 0.0)
        assert chart.locator(".slider-label").first.text_content() != last
    seen.shot(script.stem)
    assert drawn or "CircuitsVis.render(child" in text or "<svg" in text
    assert set(seen.asked) <= set(empty.asked)
    assert set(seen.complaints) <= set(empty.complaints)
    seen.close()


@needs_chromium
def test_a_notebook_that_is_not_trusted_shows_still_pictures(pages, chromium):
    """No script runs there; what remains of every picture is an image with its sentence."""
    page = pages(next(path for path in EXAMPLES if path.stem == "02_watch_it_grok"))
    seen = Opened(chromium, page, java_script_enabled=False)
    images = seen.page.locator("img[src^='data:image/png']")
    pictures = [
        b for b in outputs(page.with_suffix(".ipynb")) if "newPlot" in "".join(b.get("text/html", ""))
    ]
    assert images.count() == len(pictures) >= 1
    for image in images.all():
        assert image.bounding_box()["width"] > 300
        assert image.get_attribute("alt")
    seen.shot("untrusted")
    seen.close()


def test_an_example_runs_as_a_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no runs are
    runpy.run_path(str(ROOT / "examples" / "06_attention_over_time.py"), run_name="__main__")


def test_remaking_an_unknown_run_names_the_known_ones(monkeypatch):
    script = str(ROOT / "examples" / "remake.py")
    monkeypatch.setattr(sys, "argv", [script, "nope"])
    with pytest.raises(SystemExit, match="mod113"):
        runpy.run_path(script, run_name="__main__")


#: Imports and whatever others say of them, and work that has a bar however quick it is.
WORK = """
from unittest import mock
import groklens as gl
from groklens import progress
import transformer_lens.model_bridge
run = gl.load({path!r})
"""
BARS = """
with mock.patch.object(progress, "PATIENCE", 0):
    table = gl.track(run, [gl.measures.sum_squared_weights])
    again = gl.train(run.recipe, into={into!r})
"""


def test_an_executed_notebook_has_bars_and_nothing_red(tiny_run, tmp_path, kernel):
    """A real kernel, without anybody looking; `test_progress` has all else of bars."""
    from nbformat.v4 import new_code_cell, new_notebook

    sources = WORK.format(path=str(tiny_run.path)), BARS.format(into=str(tmp_path / "again"))
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    run_notebook(notebook, tmp_path, kernel)
    outputs = notebook.cells[-1]["outputs"]
    assert [output["output_type"] for output in outputs] == ["display_data"] * 2
    assert all(set(output["data"]) == {"text/html", "text/plain"} for output in outputs)
    assert not any(text for output in outputs for text in output["data"].values())  # taken away in the end
