"""The site builds without a warning, asks the network for nothing, and is searched from a folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from browser import Opened, browser, needs_chromium

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=quiet())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return folder


def quiet():
    return os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "src")}


def test_every_page_is_there(site):
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {"index.html", "gallery.html", "reference/measures.html", "studies/phase_diagram.html"} <= pages


def test_no_page_names_what_it_would_load_from_elsewhere(site):
    loaded = ('<script src="http', '<link rel="stylesheet" href="http', '<img src="http')
    pages = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    assert not [path for path, text in pages.items() if any(each in text for each in loaded)]


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_searched_from_a_folder_without_a_network(chromium, site, width):
    seen = Opened(chromium, site / "index.html", width=width)
    if width < 1000:
        seen.page.locator("label[for=__search]").first.click()
    seen.page.locator("input[name=query]").press_sequentially("excluded loss")
    seen.page.wait_for_selector(".md-search-result__item")
    seen.shot(f"site-{width}")
    assert not seen.asked
    assert not seen.complaints
    seen.close()
