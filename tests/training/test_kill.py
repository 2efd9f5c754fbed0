"""SIGKILL at any moment, and the same call again: the bits of an uninterrupted run, every file of it."""

import json
from pathlib import Path

import pytest

import warm

SCRIPT = Path(__file__).with_name("kills.py")


@pytest.mark.slow
def test_killed_and_taken_up_is_bit_identical(tmp_path):
    kinds = ("full_batch", "mini_batch", "many", "recorder", "stopped", "longer")
    finished = warm.run(SCRIPT, tmp_path, "--kinds", *kinds, "--kills", "5", "--seed", "1", timeout=900)
    assert finished.stdout, finished.stderr[-3000:]
    results = {result["kind"]: result for result in json.loads(finished.stdout)}
    assert tuple(results) == kinds
    assert all(result["kills"] >= 5 for result in results.values())
    assert not {kind: result["differ"] for kind, result in results.items() if result["differ"]}
