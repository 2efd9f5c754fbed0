"""`import groklens` in a fresh process: below 0.3 s, with neither torch nor transformer_lens imported by it."""

from __future__ import annotations

import statistics

from benchmarks.memory import printed
from benchmarks.report import at_most, is_smoke

CODE = """
import sys, time
start = time.perf_counter()
import groklens
took = time.perf_counter() - start
heavy = {"torch", "transformer_lens"} & set(sys.modules)
assert not heavy, f"import groklens imports {heavy}"
print(took)
"""


def main() -> None:
    """The median of several processes."""
    times = [printed(CODE, fresh=True) for _ in range(2 if is_smoke() else 9)]
    at_most("import_time", "import groklens", statistics.median(times), 0.3, "s", slowest=max(times))


if __name__ == "__main__":
    main()
