"""Every example runs, as a script, to its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name[0].isdigit())


def test_there_are_examples():
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script, tmp_path):
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_remaking_an_unknown_run_names_the_known_ones(tmp_path):
    script = ROOT / "examples" / "remake.py"
    done = subprocess.run([sys.executable, str(script), "nope"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "mod113" in done.stderr
