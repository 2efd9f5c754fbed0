"""A folder that is written beside its place, beside what others left or still write."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_what_another_process_is_writing_stays_and_what_it_left_is_cleared_once_it_is_killed(
    writer, tmp_path
):
    """And nothing else is cleared."""
    process, written = writer
    others = [tmp_path / name for name in ("out.2024.tmp", "other.1.groklens.tmp", "out.mine.groklens.tmp")]
    for each in others:
        each.mkdir()
        (each / "mine").touch()
    with new_folder(tmp_path / "out"):
        assert (written / "half").is_file()
    assert (written / "half").is_file()
    (tmp_path / "out").rmdir()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (written / "half").is_file()
    with new_folder(tmp_path / "out") as beside:
        (beside / "whole").touch()
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "out"])
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["whole"]


def test_an_export_that_fails_leaves_nothing(tmp_path):
    def fails():
        with new_folder(tmp_path / "out") as beside:
            (beside / "half").touch()
            raise ValueError("of somebody's model")

    with pytest.raises(ValueError, match="somebody"):
        fails()
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_else_left_and_may_not_be_opened_keeps_nobody_from_writing(tmp_path, monkeypatch):
    """Who is the superuser may open everything, so that the refusal is the test's."""
    left, opened = tmp_path / "out.1.groklens.tmp", os.open
    left.mkdir()

    def refuses(path, *flags):
        if path == left:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *flags)

    monkeypatch.setattr(os, "open", refuses)
    with new_folder(tmp_path / "out") as beside:
        (beside / "whole").touch()
    assert left.is_dir()
    assert (tmp_path / "out" / "whole").is_file()


@pytest.mark.parametrize("locks", [True, False])
def test_what_a_process_of_the_same_number_left_before_it_was_locked_is_in_nobodys_way(
    tmp_path, monkeypatch, locks
):
    """In a container every process may have one number; without locks nobody knows whether it is still written."""
    left = tmp_path / f"out.{os.getpid()}.groklens.tmp"
    left.mkdir()
    if not locks:
        monkeypatch.setattr("groklens.runs.lock.fcntl", None)
    with new_folder(tmp_path / "out") as beside:
        (beside / "whole").touch()
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["whole"]
    assert left.exists() is not locks
