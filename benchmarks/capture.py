"""`gl.capture` of `hook_post` at the answer over 100 checkpoints, against bare filtered forward passes.

Must take at most 1.2 times the forward passes that keep nothing, both on the one thread that `capture` takes,
and at most 300 MB beyond the result, which is allocated at once: the peak of a process that captures, less that
of one that does all but keep the result.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

import groklens as gl
from benchmarks.memory import printed
from benchmarks.report import alternating, at_most, is_smoke, seconds
from benchmarks.setup import checkpoints

HOOK = "blocks.0.mlp.hook_post"
CAPTURE = f"""
import sys
import groklens as gl
run = gl.load(sys.argv[1])
one = gl.capture(run, "{HOOK}", pos=-1, steps=run.steps[:1])
before = peak()
all_ = gl.capture(run, "{HOOK}", pos=-1)
print(peak() - before - all_.nbytes / 2**20)
"""
FIRST = f"""
import sys
import groklens as gl
run = gl.load(sys.argv[1])
run.at(0)
before = peak()
one = gl.capture(run, "{HOOK}", pos=-1, steps=run.steps[:1])
print(peak() - before - one.nbytes / 2**20)
"""


def main() -> None:
    """Time, then memory."""
    count = 4 if is_smoke() else 100
    with tempfile.TemporaryDirectory() as folder:
        run = checkpoints(count, Path(folder) / "run")

        def ours() -> float:
            return seconds(lambda: gl.capture(run, HOOK, pos=-1))

        def bare() -> float:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return seconds(lambda: [forward(run, step) for step in run.steps])
            finally:
                torch.set_num_threads(threads)

        times = alternating({"ours": ours, "bare": bare}, rounds=1 if is_smoke() else 3)
        at_most(
            "capture", f"{count} checkpoints", times["ours"] / times["bare"], 1.2, "× the forward passes",
            ours_s=times["ours"], bare_s=times["bare"],
        )  # fmt: skip
        first, rest = printed(FIRST, str(run.path)), printed(CAPTURE, str(run.path))
        at_most(
            "capture",
            "peak above the result",
            first + max(rest, 0.0),
            300.0,
            "MiB",
            first_checkpoint=first,
            others=rest,
        )


@torch.no_grad()
def forward(run: gl.Run, step: int) -> None:
    """One checkpoint into a model, one filtered pass over every input, nothing kept."""
    run.at(step).model.run_with_cache(run.task.inputs, names_filter=HOOK)


if __name__ == "__main__":
    main()
