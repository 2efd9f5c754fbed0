"""Pages in a real browser, offline: what they show after the slider has moved and the mouse has hovered."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from synthetic import STEPS, explanation, table

import groklens as gl
from browser import Opened, browser, needs_chromium
from groklens import views

pytestmark = needs_chromium
RUNS = Path(__file__).parents[2] / "examples" / "runs"
HOOK = "blocks.0.attn.hook_pattern"


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def mod113():
    return gl.load(RUNS / "mod113")


@pytest.fixture
def opened(chromium, tmp_path):
    pages = []

    def open_(view, **options):
        pages.append(Opened(chromium, view.save(tmp_path / "view.html"), **options))
        return pages[-1]

    yield open_
    for each in pages:
        assert each.asked == []
        assert each.complaints == []
        each.close()


def _heights(page):
    return page.evaluate("Array.from(document.querySelector('.js-plotly-plot')._fullData[0].y)")


def test_the_slider_of_a_spectrum_shows_the_step_it_says(opened):
    found = table()
    seen = opened(views.spectrum(found))
    seen.drawn(1)
    chart = seen.page.locator(".js-plotly-plot")
    np.testing.assert_allclose(_heights(seen.page), found["embedding_spectrum"].values[-1], rtol=1e-6)
    for place, share in ((0, 0.0), (10, 10 / (len(STEPS) - 1))):
        seen.slide(chart, share)
        assert f"training step {STEPS[place]:,}" in chart.locator(".slider-label").first.text_content()
        np.testing.assert_allclose(_heights(seen.page), found["embedding_spectrum"].values[place], rtol=1e-6)
    seen.shot("spectrum")


def test_hovering_over_a_bar_says_its_number(opened):
    found = table(steps=[15000])
    seen = opened(views.spectrum(found))
    seen.drawn(1)
    seen.page.locator(".barlayer .point path").nth(13).hover(force=True)
    seen.page.wait_for_selector(".hovertext")
    value = float(found["embedding_spectrum"].sel(component=14)[-1])
    assert f"frequency 14: {value:.4g}" in seen.page.locator(".hovertext").first.text_content()


def _cells(page):
    """Red of the middle of each cell of the chosen head's large map: 255 at no attention, 0 at all of it."""
    return page.evaluate("""() => {
      const canvas = Array.from(document.querySelectorAll(".attention canvas")).slice(0, -1), n = 3;
      return canvas.map(function (each) {
        const context = each.getContext("2d"), size = each.width;
        return Array.from({length: n * n}, (_, i) => context.getImageData(
          (i % n + 0.5) * size / n, (Math.floor(i / n) + 0.5) * size / n, 1, 1).data[0]); });
    }""")


def test_attention_draws_the_captured_pattern_at_the_step_of_its_slider(opened, mod113):
    steps = [0, 15_000]
    inputs = [(3, 5), (50, 100)]
    pattern = gl.capture(mod113, HOOK, steps=steps)[HOOK].values
    seen = opened(views.attention(mod113, inputs, steps=steps))
    seen.page.wait_for_selector(".attention canvas")
    for place, step in ((1, "15,000"), (0, "0")):
        seen.page.locator("input[type=range]").fill(str(place))
        seen.page.wait_for_timeout(800)
        assert seen.page.locator("output").inner_text() == step
        expected = pattern[place, 3 * 113 + 5]
        rows = [row.split("\t") for row in seen.page.locator(".attention tbody").inner_text().splitlines()]
        said = [[float(cell.split(": ")[1]) for cell in row[1:]] for row in rows]
        np.testing.assert_allclose(said, expected[:, -1], atol=6e-4)
        drawn = np.array(_cells(seen.page)).reshape(expected.shape)
        below = np.tril(np.ones((3, 3), dtype=bool))
        shares, reds = expected[:, below].reshape(-1), drawn[:, below].reshape(-1)
        order = np.argsort(shares)
        assert (
            np.diff(reds[order]) <= 8
        ).all()  # more attention, less red; 8 for those that are all but equal
        assert np.ptp(reds) > 100
    seen.shot("attention")


def test_the_input_can_be_chosen_and_the_mean_is_the_mean(opened, mod113):
    mean = gl.capture(mod113, HOOK, steps=[15_000], reduce="mean")[HOOK].values[0]
    seen = opened(views.attention(mod113, [(3, 5)], steps=[15_000]))
    seen.page.wait_for_selector(".attention canvas")
    seen.page.locator("select").select_option("1")
    seen.page.wait_for_timeout(500)
    rows = [row.split("\t") for row in seen.page.locator(".attention tbody").inner_text().splitlines()]
    np.testing.assert_allclose(
        [[float(cell.split(": ")[1]) for cell in row[1:]] for row in rows], mean[:, -1], atol=6e-4
    )
    assert rows[0][1].startswith("a: ")


@pytest.fixture(scope="module")
def why(mod113):
    return gl.explain(mod113)


def test_the_report_shows_everything_offline(opened, why):
    page = views.report(why)
    assert len(page.html.encode()) < 12_000_000
    seen = opened(page)
    charts = seen.page.locator(".chart").count()
    assert seen.drawn(charts) == charts >= 9
    seen.page.wait_for_selector(".attention canvas")
    assert "Left out" not in seen.page.locator("main").inner_text()
    chart = seen.page.locator("#embedding .js-plotly-plot")
    seen.slide(chart, 0.0)
    assert "training step 0" in chart.locator(".slider-label").first.text_content()
    seen.page.locator("nav a").nth(3).click()
    assert seen.page.evaluate("location.hash") == "#circles"
    seen.shot("report")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_reads_on_a_phone(opened, scheme):
    seen = opened(views.report(explanation()), width=390, color_scheme=scheme)
    seen.drawn(7)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)")
    seen.shot(f"phone_{scheme}")


def test_the_report_prints(opened, tmp_path):
    seen = opened(views.report(explanation()))
    seen.drawn(7)
    seen.page.emulate_media(media="print")
    assert not seen.page.locator("nav").is_visible()
    assert seen.page.pdf().startswith(b"%PDF")
