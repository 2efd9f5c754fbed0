"""How pictures show themselves, and what importing views costs."""

import base64
import gzip
import json
import re
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from groklens.errors import BadArgument
from groklens.views import curves, spectrum
from groklens.views.renderers import libraries
from synthetic import table


@pytest.fixture
def _fresh():
    libraries.forget()


def test_importing_views_loads_neither_torch_nor_plotly():
    code = """
import sys
import groklens.views
heavy = {"torch", "transformer_lens", "plotly", "xarray"} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def unpacked(markup):
    """What the browser unpacks of a piece of HTML, in its order."""
    return [
        gzip.decompress(base64.b64decode(each)).decode() for each in re.findall(r'unpack\("([^"]+)', markup)
    ]


@pytest.mark.usefixtures("_fresh")
def test_a_notebook_gets_html_a_picture_and_a_sentence_and_the_script_once():
    first = curves(table(), ["test_loss"])._repr_mimebundle_()
    second = spectrum(table())._repr_mimebundle_()
    assert set(first) == {"text/html", "image/png", "text/plain"}
    assert 900_000 > len(first["text/html"]) > 600_000 > len(second["text/html"])
    assert first["text/plain"] == "Over training steps: loss on test inputs."
    script, _ = unpacked(first["text/html"])
    assert "plotly.js (cartesian" in script[:200]
    (spec,) = map(json.loads, unpacked(second["text/html"]))
    assert len(spec["frames"]) == table().sizes["step"]


@pytest.mark.usefixtures("_fresh")
def test_a_cell_that_is_run_again_brings_the_script_again(monkeypatch):
    at = iter([("cell", 1), ("other", 2), ("cell", 3)])
    monkeypatch.setattr(libraries, "_here", lambda: here)
    sizes = []
    for here in at:  # noqa: B007
        sizes.append(len(libraries.scripts_once(("plotly",))))
    assert sizes[0] == sizes[2] > 500_000
    assert sizes[1] == 0


@pytest.mark.usefixtures("_fresh")
def test_on_colab_every_output_brings_the_script(monkeypatch):
    """There each output is a page of its own."""
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    shown = [curves(table(), ["test_loss"])._repr_mimebundle_()["text/html"] for _ in range(2)]
    assert all("plotly.js (cartesian" in unpacked(markup)[0] for markup in shown)


@pytest.mark.usefixtures("_fresh")
def test_traces_that_views_have_none_of_bring_all_of_plotly(tmp_path):
    figure = curves(table(), ["test_loss"])
    assert "plotly.js (cartesian" in figure.html
    figure.add_scattergl(x=[1], y=[1])
    script, _ = unpacked(figure._repr_mimebundle_()["text/html"])
    assert len(script) > 3_000_000
    assert "plotly.js (cartesian" not in script + figure.html
    assert len(figure.html) > len(script)


def test_a_still_picture_and_the_sentence_stand_where_no_script_runs():
    shown = curves(table(), ["test_loss"])._repr_mimebundle_()
    text = "Over training steps: loss on test inputs."
    assert f'src="data:image/png;base64,{shown["image/png"]}" alt="{text}"' in shown["text/html"]
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")


def test_a_still_picture_shows_the_data():
    """The same figure with other data is another picture, and the same data the same picture."""
    found = table()
    first = curves(found, ["test_loss"]).png
    assert first == curves(found, ["test_loss"]).png
    found["test_loss"][-3:] = 5.0
    assert first != curves(found, ["test_loss"]).png


def test_a_path_that_is_neither_page_nor_picture_is_refused(tmp_path):
    with pytest.raises(BadArgument, match=r"\.html, \.png, \.svg or \.pdf"):
        curves(table(), ["test_loss"]).save(tmp_path / "curves.eps")
    assert curves(table(), ["test_loss"]).save(tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_plotly_is_reached_through_the_figure():
    figure = curves(table(), ["test_loss"])
    figure.update_layout(title_text="mine")
    assert figure.plotly.layout.title.text == "mine"
    with pytest.raises(AttributeError):
        figure._ipython_display_  # noqa: B018


def test_a_figure_is_saved_as_a_page_of_its_own(tmp_path):
    path = curves(table(), ["test_loss"]).save(tmp_path / "curves.html")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert 'src="http' not in text
    assert "Content-Security-Policy" in text


def test_values_that_are_not_numbers_are_gaps():
    found = table()
    found["test_loss"][2] = np.nan
    assert "NaN" not in str(curves(found, ["test_loss"]).spec["data"][0].get("y", {}))
