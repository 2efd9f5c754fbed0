"""Peak memory of a piece of work, measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.report import is_smoke

#: The most memory that the process ever held, in MiB: of itself, where getrusage counts its parent's too.
PRELUDE = """
import pathlib
def peak():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**10
"""


def printed(code: str, *arguments: str, fresh: bool = False) -> float:
    """The number that `code` prints last, run by a fresh interpreter that knows `peak()`.

    A smoke test runs it in a fork, which has imported everything, unless it has to be `fresh`.
    """
    if is_smoke() and not fresh:
        return _printed_by_a_fork(PRELUDE + code, *arguments)
    command = [sys.executable, "-c", PRELUDE + code, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"The measured process failed:\n{finished.stderr}")
    return float(finished.stdout.split()[-1])


def _printed_by_a_fork(code: str, *arguments: str) -> float:
    """The same without importing everything again: of its memory it says nothing."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            sys.argv, sys.stdout = ["-c", *arguments], os.fdopen(writing, "w")
            exec(code, {"__name__": "__main__"})
            sys.stdout.flush()
        finally:
            os._exit(sys.exc_info()[0] is not None)
    os.close(writing)
    with os.fdopen(reading) as said:
        words = said.read().split()
    if os.waitpid(child, 0)[1]:
        sys.exit("The measured process failed.")
    return float(words[-1])
