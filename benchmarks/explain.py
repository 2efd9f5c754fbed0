"""`gl.explain` of the shipped mod113 run in a cold process, imports included: below 25 s."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.memory import printed
from benchmarks.report import at_most, is_smoke

RUN = Path(__file__).resolve().parents[1] / "examples" / "runs" / "mod113"
CODE = """
import sys, time
start = time.perf_counter()
import groklens as gl
why = gl.explain(gl.load(sys.argv[1]))
assert why.verdict == "supported", why.verdict
print(time.perf_counter() - start)
"""


def main() -> None:
    """The median of three processes."""
    times = [printed(CODE, str(RUN)) for _ in range(1 if is_smoke() else 3)]
    at_most("explain", "mod113, cold", statistics.median(times), 25.0, "s", slowest=max(times))


if __name__ == "__main__":
    main()
