"""Peak memory of a piece of work, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

#: Prints the most memory that the process ever held, in MiB, beyond what it held when `start` was called.
PRELUDE = """
import resource
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
"""


def printed(code: str, *arguments: str) -> float:
    """The number that `code` prints last, run by a fresh interpreter that knows `peak()`."""
    command = [sys.executable, "-c", PRELUDE + code, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"The measured process failed:\n{finished.stderr}")
    return float(finished.stdout.split()[-1])
