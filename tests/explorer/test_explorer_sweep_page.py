"""A sweep's page in a browser: a row of one axis, and two of three axes, chosen by the keyboard."""

import functools
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from explorer_folder import write_folder

import groklens as gl
from browser import Opened, browser, needs_chromium
from groklens.explorer.opened import Opened as Given
from groklens.explorer.pages import Pages
from groklens.sweeps import SweepRuns

pytestmark = needs_chromium
RECIPE = gl.Recipe(task=gl.ModularArithmetic(5), model=gl.MLP(d_mlp=4, d_embed=2), steps=1, evaluate_every=1)
OVER = {
    "three axes": {
        "seed": [0, 1],
        "train_fraction": [0.3, 0.5],
        "optimizer.weight_decay": [0.0, 1.0],
        "optimizer.lr": [0.1, 0.2],
    },
    "one axis": {"seed": [0, 1, 2], "optimizer.weight_decay": [0.0, 0.3, 1.0, 3.0]},
    "words": [{"seed": seed, "optimizer.weight_decay": decay} for seed in (0, 1) for decay in (0.0, 0.3)],
}
_EVENTS = SweepRuns.events


def _delayed(runs):
    """What the runs of a sweep have, with delays that fall along every axis."""
    found = _EVENTS(runs)
    shape = found["delay"].shape
    delay = 3000.0 / (1 + np.indices(shape).sum(axis=0))
    columns = {"memorised": np.full(shape, 100.0), "generalised": delay + 100, "delay": delay}
    return found.assign({name: (found["delay"].dims, value) for name, value in columns.items()})


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes the page of a sweep over some axes, its runs as if they had generalised: once for all widths."""

    @functools.cache
    def write(axes):
        root = tmp_path_factory.mktemp(axes.replace(" ", "_"))
        sweep = gl.Sweep(RECIPE, over=OVER[axes]).run(root / "sweep").path
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SweepRuns, "events", _delayed)
            text = Pages(Given.of(str(sweep))).file("data/index.js").data.decode()
        index = json.loads(text.split(", ", 1)[1][:-3])
        return write_folder(root / "page", {"index": index, "run/0": {"note": "not in this test"}})

    return write


@pytest.fixture
def shown(chromium, written):
    pages = []

    def show(axes, width):
        seen = Opened(chromium, written(axes), width=width)
        pages.append(seen)
        seen.page.evaluate("() => { location.hash = 'sweep=s0'; }")
        seen.page.wait_for_selector(".sweep .main-svg")
        seen.settled()
        return seen

    yield show
    for each in pages:
        assert each.sticking_out() == []
        assert each.complaints == []
        each.close()


_AXES = "() => ['xaxis', 'yaxis'].map(a => document.querySelector('.chart')._fullLayout[a].title.text)"


@pytest.mark.parametrize("width", [1280, 390])
def test_two_of_three_axes_are_chosen_by_the_keyboard_and_stand_in_the_address(shown, width):
    seen = shown("three axes", width)
    assert seen.page.evaluate(_AXES) == ["weight decay", "share of inputs trained on"]
    seen.page.keyboard.press("Tab")
    seen.page.locator("#axes").focus()
    seen.page.keyboard.press("ArrowDown")
    seen.page.wait_for_function(
        "() => document.querySelector('.chart')._fullLayout.xaxis.title.text === 'learning rate'"
    )
    seen.settled()
    assert seen.page.evaluate(_AXES) == ["learning rate", "share of inputs trained on"]
    assert seen.page.evaluate("() => document.activeElement.id") == "axes"
    assert "every weight decay together" in seen.page.locator(".sweep .caption").inner_text()
    assert (
        seen.page.evaluate("() => decodeURIComponent(location.hash)")
        == "#sweep=s0&axes=learning rate × share of inputs trained on"
    )
    button = seen.page.get_by_role("button", name="learning rate 0.2, share of inputs trained on 0.5: 4 runs")
    button.focus()
    seen.page.keyboard.press("Enter")
    links = seen.page.locator(".chosen a").all_inner_texts()
    assert len(links) == 4
    assert seen.sticking_out() == []
    assert all("lr=0.2" in each and "train_fraction=0.5" in each for each in links)
    seen.shot(f"explorer_sweep_three_axes_{width}")
    seen.page.go_back()
    seen.page.wait_for_function(
        "() => document.querySelector('#axes').value === 'weight decay × share of inputs trained on'"
    )
    assert seen.page.evaluate(_AXES) == ["weight decay", "share of inputs trained on"]
    assert seen.page.locator(".chosen a").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("words", [False, True])
def test_one_axis_is_a_row_of_places_or_a_column_of_words(shown, width, words):
    seen = shown("words" if words else "one axis", width)
    assert seen.page.locator("#axes").count() == 0
    seen.shot(f"explorer_sweep_{'column' if words else 'row'}_{width}")
    assert seen.page.evaluate(_AXES) == (["", "configuration"] if words else ["weight decay", ""])
    box = seen.page.locator(".sweep .nsewdrag").bounding_box()
    seen.page.mouse.click(box["x"] + 0.1 * box["width"], box["y"] + 0.9 * box["height"])
    if words:
        seen.page.wait_for_function("() => location.hash === '#run=0'")
    else:
        assert seen.page.locator(".chosen a").all_inner_texts() == [
            f"seed={k},weight_decay=0" for k in (0, 1, 2)
        ]
