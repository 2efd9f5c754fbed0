"""An export beside what others left or still write, and what an exported page says of explanations."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import Opened, browser, needs_chromium
from groklens.explorer import export
from groklens.runs.new_folder import new_folder

_WRITES = """
import sys, time
from pathlib import Path
from groklens.runs.new_folder import new_folder
with new_folder(Path(sys.argv[1])) as beside:
    (beside / "half").write_text("written")
    print(beside, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that writes a folder and never ends, and where it writes."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITES, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_a_killed_export_left_is_cleared_by_the_next_and_nothing_else_is(writer, tmp_path):
    process, left = writer
    others = [tmp_path / name for name in ("out.2024.tmp", "other.1.groklens.tmp", "out.mine.groklens.tmp")]
    for each in others:
        each.mkdir()
        (each / "mine").touch()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (left / "half").is_file()
    with new_folder(tmp_path / "out") as beside:
        (beside / "whole").touch()
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "out"])
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["whole"]


def test_what_another_process_is_writing_stays(writer, tmp_path):
    _, written = writer
    with new_folder(tmp_path / "out"):
        assert (written / "half").is_file()
    assert (written / "half").is_file()


def test_an_export_that_fails_leaves_nothing(tmp_path):
    def fails():
        with new_folder(tmp_path / "out") as beside:
            (beside / "half").touch()
            raise ValueError("of somebody's model")

    with pytest.raises(ValueError, match="somebody"):
        fails()
    assert list(tmp_path.iterdir()) == []


@needs_chromium
@pytest.mark.parametrize("explain", [True, False])
def test_an_exported_page_shows_the_explanation_or_none_and_offers_to_make_none(tiny_run, tmp_path, explain):
    folder = export(tiny_run, tmp_path / "out", explain=explain, progress=False)
    with browser() as chromium:
        seen = Opened(chromium, folder / "index.html", width=1280)
        seen.page.wait_for_selector(".picture .main-svg")
        if explain:
            seen.page.wait_for_selector(".explained .headline")
            text = (folder / "data/run/0/why.js").read_text().split(", ", 1)[1][:-3]
            assert seen.page.locator(".explained .headline").inner_text() == json.loads(text)["headline"]
        assert seen.page.locator(".explained").count() == explain
        assert seen.page.get_by_role("button", name="Explain this run").count() == 0
        assert seen.complaints == []
        seen.close()
