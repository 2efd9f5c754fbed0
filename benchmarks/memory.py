"""Peak memory of a piece of work, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

#: The most memory that the process ever held, in MiB: of itself, where getrusage counts its parent's too.
PRELUDE = """
import pathlib
def peak():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**10
"""


def printed(code: str, *arguments: str) -> float:
    """The number that `code` prints last, run by a fresh interpreter that knows `peak()`."""
    command = [sys.executable, "-c", PRELUDE + code, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"The measured process failed:\n{finished.stderr}")
    return float(finished.stdout.split()[-1])
