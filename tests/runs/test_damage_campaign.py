"""A small part of the campaign of damaged files: clear errors, or the answer of the undamaged file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("damage.py")
FILES = 60


@pytest.mark.slow
def test_damaged_files(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", SCRIPT, tmp_path, "--files", str(FILES), "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
    )
    assert finished.stdout, finished.stderr[-3000:]
    result = json.loads(finished.stdout)
    assert result["wrong"] == []
    assert result["refused"] > 0.7 * FILES
    assert result["most_memory_gib"] < 2
