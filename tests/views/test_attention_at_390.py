"""Attention on a telephone: the shades' words are read whole, and a long input is no wider than the page."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import groklens as gl
from browser import Opened, browser, needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def test_the_words_above_the_maps_end_within_the_page(chromium, tmp_path):
    task = gl.ModularArithmetic(5, "add")
    model = gl.Transformer(d_model=8, n_heads=4, d_head=2, d_mlp=8).build(task, seed=0)
    run = gl.Run.of({0: model, 15_000: model}, task)
    page = gl.views.mean_attention(run, 15_000).save(tmp_path / "maps.html")
    seen = Opened(chromium, page, width=390)
    seen.drawn(1)
    assert seen.overlapping() == []
    box = seen.page.locator(".annotation-text", has_text="grey masked").bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    seen.close()


def test_numbers_of_many_positions_lie_beside_each_other(chromium, tmp_path):
    """They were called `position 16`, wider than their place below a map, over each other at every width."""
    task = gl.tasks.NextTokens([list(range(40)), list(range(40, 80))])
    model = gl.Transformer(d_model=8, n_heads=4, d_head=2, d_mlp=8).build(task, seed=0)
    page = gl.views.mean_attention(gl.Run.of({0: model}, task), 0).save(tmp_path / "maps.html")
    seen = Opened(chromium, page, width=390)
    seen.drawn(1)
    assert {"0", "10", "20", "30"} <= set(seen.page.locator("svg text").all_text_contents())
    assert seen.overlapping() == []
    seen.close()


def test_an_input_of_many_tokens_is_read_without_scrolling_the_page(chromium, tmp_path):
    """Numbers are of the keys most attended to and of all others; white space among tokens is seen."""
    task = gl.tasks.NextTokens([list(range(40)), list(range(40))], token_names=[" ", *"abcdefghi"] * 4)
    model = gl.Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=8).build(task, seed=0)
    run = gl.Run.of({0: model}, task)
    seen = Opened(chromium, gl.views.attention(run).save(tmp_path / "long.html"), width=390)
    seen.page.wait_for_selector(".attention canvas")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    assert seen.sticking_out() == []
    rows = seen.page.locator(".attention tbody tr")
    for row in range(2):
        cells = rows.nth(row).locator("td").all_text_contents()
        assert len(cells) == 10
        assert sum(float(cell.split(": ")[1]) for cell in cells[1:]) == pytest.approx(1, abs=5e-3)
        assert cells[-1].startswith("all others: ")
    assert seen.page.locator("option").first.text_content().startswith("␣ a b c")
    heads, inside = seen.page.locator(".heads"), "e => [e.scrollHeight, e.clientHeight]"
    assert len(set(heads.evaluate(inside))) == 1  # nothing of the large map is cut off
    seen.close()
