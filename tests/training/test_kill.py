"""SIGKILL at any moment, and the same call again: the bits of an uninterrupted run, every file of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kills.py")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full_batch", "mini_batch", "many", "recorder"])
def test_killed_and_taken_up_is_bit_identical(kind, tmp_path):
    finished = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, "--kind", kind, "--kills", "5", "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
    )
    assert finished.stdout, finished.stderr[-3000:]
    result = json.loads(finished.stdout)
    assert result["kills"] >= 5
    assert result["differ"] == []
