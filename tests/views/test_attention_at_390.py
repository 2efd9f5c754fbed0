"""What the shades of attention's maps are is read whole on a telephone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import groklens as gl
from browser import Opened, browser, needs_chromium


@needs_chromium
def test_the_words_above_the_maps_end_within_the_page(tmp_path):
    task = gl.ModularArithmetic(5, "add")
    model = gl.Transformer(d_model=8, n_heads=4, d_head=2, d_mlp=8).build(task, seed=0)
    run = gl.Run.of({0: model, 15_000: model}, task)
    with browser() as chromium:
        page = gl.views.mean_attention(run, 15_000).save(tmp_path / "maps.html")
        seen = Opened(chromium, page, width=390)
        seen.drawn(1)
        box = seen.page.locator(".annotation-text", has_text="grey masked").bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
        seen.close()
