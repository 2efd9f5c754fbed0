"""Pages opened in Chromium with the network cut, and what they asked for or complained of."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed; apt-get install chromium"
)
#: Pictures of the pages, for people to look at; outside git.
SCREENSHOTS = Path(__file__).parents[1] / "artifacts" / "screenshots"
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


class Opened:
    """A page, offline: `asked` is what it wanted from elsewhere, `complaints` the errors of its console."""

    def __init__(self, chromium, path, width=1000, **options):
        self._context = chromium.new_context(
            offline=True, viewport={"width": width, "height": 900}, **options
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(60_000)
        self.asked, self.complaints = [], []
        self.page.on("request", self._request)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else 0)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(Path(path).resolve().as_uri(), wait_until="load")

    def _request(self, request):
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            self.asked.append(request.url)

    def shot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)

    def drawn(self, count):
        """Wait until at least `count` plotly figures stand on the page, and return how many do."""
        drawn = "Array.from(document.querySelectorAll('.js-plotly-plot')).filter(e => e.querySelector('.main-svg'))"
        self.page.wait_for_function(f"{drawn}.length >= {count}")
        self.page.wait_for_timeout(1000)
        return self.page.locator(".js-plotly-plot").count()

    def slide(self, figure, share):
        """Click on a plotly slider at this share of its length."""
        rail = figure.locator(".slider-rail-touch-rect")
        rail.scroll_into_view_if_needed()
        box = rail.bounding_box()
        self.page.mouse.click(box["x"] + share * (box["width"] - 1), box["y"] + box["height"] / 2)
        self.page.wait_for_timeout(700)

    def close(self):
        self._context.close()


os.environ.setdefault("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
