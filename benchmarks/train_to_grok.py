"""A whole run to 99 % test accuracy, seed 0, test loss every 10 steps in both, checkpoints included.

Ours is the wall time of one `gl.train` that ends at the first evaluated step with that accuracy, found by a run
before it. The plain side's time is its median step and its median evaluation, times as many of each. Must be
4.5 times faster.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import groklens as gl
from benchmarks.plain import PlainTraining
from benchmarks.report import at_least, is_smoke, seconds
from benchmarks.setup import nanda

#: Updates in which this seed has grokked.
ENOUGH = 12_000
EVERY = 10


def main() -> None:
    """Find the step, train to it, and time the plain step and evaluation before and after."""
    recipe = nanda(steps=20 if is_smoke() else ENOUGH, evaluate_every=EVERY, keep=gl.Every(100))
    train_index, _ = recipe.task.split(recipe.train_fraction, recipe.seed)
    plain = PlainTraining(
        recipe.model.build(recipe.task, 0), recipe.task.inputs, recipe.task.labels, train_index
    )
    plain.step()
    with tempfile.TemporaryDirectory() as folder:
        last = recipe.steps if is_smoke() else grokked_at(recipe, Path(folder) / "found")
        steps, evaluations = plain_times(plain)
        ours = seconds(
            lambda: gl.train(replace(recipe, steps=last), into=Path(folder) / "timed", progress=False)
        )
        again = plain_times(plain)
    step, evaluation = statistics.median(steps + again[0]), statistics.median(evaluations + again[1])
    theirs = last * step + (last // EVERY + 1) * evaluation
    at_least(
        "train_to_grok", f"{last} steps", theirs / ours, 4.5,
        ours_s=ours, plain_s=theirs, plain_step_ms=1e3 * step, plain_evaluation_ms=1e3 * evaluation,
    )  # fmt: skip


def grokked_at(recipe: gl.Recipe, folder: Path) -> int:
    """The first evaluated step at which test accuracy is at least 0.99."""
    history = gl.train(recipe, into=folder, progress=False).history
    reached = history.step[(history.test_accuracy >= 0.99).values]
    if not len(reached):
        sys.exit(f"train_to_grok: not grokked after {recipe.steps} steps; raise ENOUGH.")
    return int(reached[0])


def plain_times(plain: PlainTraining) -> tuple[list[float], list[float]]:
    """Wall times of plain steps and evaluations."""
    n = 2 if is_smoke() else 12
    return [seconds(plain.step) for _ in range(n)], [seconds(plain.evaluate) for _ in range(n)]


if __name__ == "__main__":
    main()
