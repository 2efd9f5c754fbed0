"""A small part of the campaign of damaged files: clear errors, or the answer of the undamaged file."""

import json
from pathlib import Path

import pytest

import warm

SCRIPT = Path(__file__).with_name("damage.py")
FILES = 60


@pytest.mark.slow
def test_damaged_files(tmp_path):
    finished = warm.run(SCRIPT, tmp_path, "--files", FILES, "--seed", "1", timeout=400)
    assert finished.stdout, finished.stderr[-3000:]
    result = json.loads(finished.stdout)
    assert result["wrong"] == []
    assert result["refused"] > 0.7 * FILES
    assert result["most_memory_gib"] < 2
