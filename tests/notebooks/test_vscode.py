"""VS Code's notebooks, as far as what their renderer of HTML does is published.

It sets the HTML as the content of an element, and then makes every script in it anew, with its type, in the order of
the file, and takes it out again; what a page of its own may load is nothing. All outputs are in one page. Where the
workspace is not trusted, HTML is not shown at all.
"""

import re

import pytest

from browser import Opened, browser, needs_chromium
from groklens import views
from groklens.report import report
from groklens.views.renderers import in_script, libraries
from synthetic import explanation, table

POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"
RENDER = """
for (const html of OUTPUTS) {
  const element = document.createElement("div");
  element.innerHTML = html;
  document.body.appendChild(element);
  for (const found of Array.from(element.getElementsByTagName("script"))) {
    const script = document.createElement("script");
    script.text = found.textContent;
    if (found.type) script.setAttribute("type", found.type);
    element.appendChild(script).remove();
  }
}
"""


@pytest.fixture(scope="module")
def bundles():
    libraries.forget()
    found = table()
    return [view._repr_mimebundle_() for view in (views.spectrum(found), views.curves(found, ["test_loss"]))]


def test_nothing_is_offered_that_its_renderer_shows_otherwise(bundles):
    """Its plotly leaves frames out, and would be taken before the HTML."""
    assert all(set(bundle) == {"text/html", "image/png", "text/plain"} for bundle in bundles)
    assert not any(re.search(r"<script[^>]*src", bundle["text/html"]) for bundle in bundles)


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture
def shown(chromium, tmp_path):
    """Opens outputs as VS Code shows them."""
    pages = []

    def open_(outputs):
        script = RENDER.replace("OUTPUTS", in_script(outputs))
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        page = tmp_path / "webview.html"
        page.write_text(
            f"<!DOCTYPE html><head>{policy}</head><body><script>{script}</script></body>", "utf-8"
        )
        pages.append(Opened(chromium, page))
        return pages[-1]

    yield open_
    for each in pages:
        each.close()


@needs_chromium
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the last first"])
def test_its_way_of_showing_html_draws_every_picture(bundles, shown, turned):
    seen = shown([bundle["text/html"] for bundle in bundles][:: -1 if turned else 1])
    assert seen.drawn(2) == 2
    chart = seen.page.locator(".js-plotly-plot:has(.slider-rail-touch-rect)")
    heights = "chart => JSON.stringify(Array.from(chart._fullData[0].y))"
    before = chart.evaluate(heights)
    seen.slide(chart, 0.0)
    assert chart.evaluate(heights) != before
    assert seen.asked == []
    assert seen.complaints == []


@needs_chromium
def test_a_report_is_drawn_in_its_frame(shown):
    libraries.forget()
    seen = shown([report(explanation(table(neurons=8)))._repr_mimebundle_()["text/html"]])
    frame = seen.page.frame_locator("iframe")
    frame.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert frame.locator(".chart").count() >= 5
    assert seen.asked == []
    assert seen.complaints == []
