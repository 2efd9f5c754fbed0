"""`gl.explain` of the shipped mod113 run, and the report of it: warm, in a cold process, and on a busy machine.

Warm is after the imports and the first model; cold includes them. One core kept busy by another process, and eight
threads asked for, are compared with two threads on an idle machine, all warm and by turns, medians.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.memory import printed
from benchmarks.report import alternating, at_most, is_smoke

RUN = Path(__file__).resolve().parents[1] / "examples" / "runs" / "mod113"
COLD = """
import sys, time
start = time.perf_counter()
import groklens as gl
why = gl.explain(gl.load(sys.argv[1]))
assert why.verdict == "supported", why.verdict
print(time.perf_counter() - start)
"""
WARM = """
import sys, time
import torch, plotly
import groklens as gl
torch.set_num_threads(int(sys.argv[2]))
run = gl.load(sys.argv[1])
run.final.logits
gl.explain(run, steps=run.steps[-1:])
start = time.perf_counter()
why = gl.explain(gl.load(sys.argv[1]))
middle = time.perf_counter()
assert why.verdict == "supported", why.verdict
if sys.argv[3] == "report":
    why.to_html()
    print(time.perf_counter() - middle)
else:
    print(middle - start)
"""


def main() -> None:
    """Alternate the ways that it is run."""

    def warm(threads: int, what: str = "explain") -> float:
        return printed(WARM, str(RUN), str(threads), what)

    def busy() -> float:
        with busy_neighbour():
            return warm(2)

    ways = {
        "cold": lambda: printed(COLD, str(RUN)),
        "warm": lambda: warm(2),
        "busy": busy,
        "eight": lambda: warm(8),
        "report": lambda: warm(2, "report"),
    }
    times = alternating(ways, rounds=1 if is_smoke() else 3)
    idle = times["warm"]
    at_most("explain", "mod113, warm, two threads", idle, 4.0, "s", aim=2.5)
    at_most("explain", "mod113, cold", times["cold"], 8.0, "s", aim=5.0)
    at_most(
        "explain", "one core kept busy", times["busy"] / idle, 1.6, "× its idle time",
        aim=1.3, idle_s=idle, busy_s=times["busy"],
    )  # fmt: skip
    at_most(
        "explain", "eight threads asked for", times["eight"] / idle, 1.3, "× its time with two",
        aim=1.0, two_s=idle, eight_s=times["eight"],
    )  # fmt: skip
    at_most("explain", "report of mod113 (to_html)", times["report"], 6.0, "s", aim=4.0)


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Another process that never rests."""
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        neighbour.kill()
        neighbour.wait()


if __name__ == "__main__":
    main()
