"""Pages opened in Chromium with the network cut, and what they asked for or complained of."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

#: Chromium, best in its build that only runs headless: the same pages take a third less time.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed; apt-get install chromium-headless-shell"
)
#: Pictures of the pages, for people to look at; outside git, and taken where this variable says 1: each of a whole
#: report takes half the time that opening it does, and no test reads them.
SCREENSHOTS, WANTED = Path(__file__).parents[1] / "artifacts" / "screenshots", "GROKLENS_SCREENSHOTS"
_QUIET = "--disable-background-networking --disable-component-update --disable-sync --no-first-run"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *_QUIET.split()]


@contextmanager
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


#: That so many figures stand on the page, and what the sliders of each will play has been added.
_DRAWN = """count => {
  const figures = Array.from(document.querySelectorAll(".js-plotly-plot"));
  const framed = e => !(e.layout.sliders || []).length || (e._transitionData && e._transitionData._frames.length);
  return figures.length >= count
    && figures.every(e => e.querySelector(".main-svg") && framed(e));
}"""
#: That what plotly has still under way is done, and has been painted.
_SETTLED = """async () => {
  const charts = Array.from(document.querySelectorAll(".js-plotly-plot"));
  const painted = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.all(charts.flatMap(e => e._promises || []));
  do { await painted(); } while (charts.some(e => e._transitioning));
}"""
_SAYS_ELSE = "([element, before]) => element.textContent !== before"
_RESIZED = """() => Array.from(document.querySelectorAll(".js-plotly-plot[data-width]"))
  .every(e => Number(e.dataset.width) === e.clientWidth)"""
_OVERLAPPING = """at => Array.from(document.querySelectorAll(".js-plotly-plot")).flatMap(function (chart, i) {
  const seen = function (element) {  // without the spaces that move a label aside
    const words = element.firstChild, text = words && words.data || "";
    if (text.trim() === text) return element.getBoundingClientRect();
    const inked = document.createRange(), start = text.length - text.trimStart().length;
    inked.setStart(words, start);
    inked.setEnd(words, start + text.trim().length);
    return inked.getBoundingClientRect();
  };
  if (at !== null && i !== at) return [];
  const words = Array.from(chart.querySelectorAll("svg text")).filter(e => !e.closest(".updatemenu-button"));
  const found = words.concat(Array.from(chart.querySelectorAll(".updatemenu-button")))
    .map(e => ({text: e.textContent.trim(), box: seen(e)}))
    .filter(e => e.text && e.box.width && e.box.height);
  const depth = (a, b) => Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left),
                                   Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  return found.flatMap((a, i) => found.slice(i + 1).filter(b => depth(a.box, b.box) > 1.5)
    .map(b => [a.text, b.text]));
})"""
_STICKING_OUT = """() => Array.from(document.querySelectorAll("body *")).filter(function (element) {
  for (let e = element.parentElement; e !== document.documentElement; e = e.parentElement)
    if (getComputedStyle(e).overflowX !== "visible") return false;
  const box = element.getBoundingClientRect();
  return box.width && box.height && box.right > document.documentElement.clientWidth + 1;
}).map(e => e.tagName + " " + (e.getAttribute("class") || "") + " " + e.textContent.slice(0, 40))"""


class Opened:
    """A page: `asked` is what it wanted from elsewhere, `complaints` whatever its console says.

    A file is opened offline; what a server on this machine shows is opened by its address.
    """

    def __init__(self, chromium, path, width=1000, **options):
        self._own = str(path) if str(path).startswith("http") else "file:"
        is_file = self._own == "file:"
        self._context = chromium.new_context(
            offline=is_file, viewport={"width": width, "height": 900}, **options
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(60_000)
        self.asked, self.complaints = [], []
        self.page.on("request", self._request)
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(Path(path).resolve().as_uri() if is_file else self._own, wait_until="load")

    def _request(self, request):
        here = urlsplit(self._own)
        own = f"{here.scheme}:{'//' + here.netloc if here.netloc else ''}"
        if not request.url.startswith((own, "data:", "blob:", "about:")):
            self.asked.append(request.url)

    def shot(self, name):
        if os.environ.get(WANTED) != "1":
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)

    def drawn(self, count):
        """Wait until at least `count` plotly figures stand on the page, their frames with them; return how many do."""
        self.page.wait_for_function(_DRAWN, arg=count)
        self.settled()
        return self.page.locator(".js-plotly-plot").count()

    def resize(self, width):
        """Make the window so wide, and wait until every chart has the width that it is given."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.wait_for_function(_RESIZED)
        self.settled()

    def overlapping(self, at=None):
        """Pairs of texts and buttons of one chart, or of the one `at` a place, that lie over each other by a hair."""
        return self.page.evaluate(_OVERLAPPING, at)

    def sticking_out(self):
        """What reaches over the right edge of the page, unless something scrolls it or cuts it off."""
        return self.page.evaluate(_STICKING_OUT)

    def sizes(self, selector):
        """Width and height of every element that the selector finds."""
        return self.page.evaluate(
            "selector => Array.from(document.querySelectorAll(selector), e => e.getBoundingClientRect())"
            ".map(box => [box.width, box.height])",
            selector,
        )

    def slide(self, figure, share):
        """Click on a plotly slider at this share of its length."""
        rail = figure.locator(".slider-rail-touch-rect")
        rail.scroll_into_view_if_needed()
        box, label = rail.bounding_box(), figure.locator(".slider-label").first
        before = label.text_content()
        self.page.mouse.click(box["x"] + share * (box["width"] - 1), box["y"] + box["height"] / 2)
        self.changes(label, before)
        self.settled()

    def settled(self):
        """Wait until what is drawn has been painted."""
        self.page.evaluate(_SETTLED)

    def changes(self, words, before):
        """Wait until an element says something else than before; where it never does, what is asked next tells."""
        from playwright.sync_api import TimeoutError

        with suppress(TimeoutError):
            arguments = [words.element_handle(), before]
            self.page.wait_for_function(_SAYS_ELSE, arg=arguments, timeout=5_000)

    def close(self):
        self._context.close()


os.environ.setdefault("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
