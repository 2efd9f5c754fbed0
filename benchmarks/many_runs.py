"""32 runs of p = 23 (d_model 32, d_mlp 128) at once by `gl.train_many`, against one after another by `gl.train`.

Must have 6 times the throughput (8 is aimed at). Starting (building models, opening folders) is left out of both.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import groklens as gl
from benchmarks.report import alternating, at_least, is_smoke, seconds
from benchmarks.setup import seconds_per_step


def main() -> None:
    """Alternate the stack and single runs; these are timed on a few and taken for all."""
    n_runs, steps = (4, 4) if is_smoke() else (32, 201)
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(23, "add"),
        model=gl.Transformer(d_model=32, n_heads=4, d_head=8, d_mlp=128),
        train_fraction=0.75,
        steps=steps,
        evaluate_every=None,
        keep=gl.Steps([]),
    )
    recipes = [replace(recipe, seed=seed) for seed in range(n_runs)]

    def stacked() -> float:
        with tempfile.TemporaryDirectory() as folder:
            whole = seconds(lambda: gl.train_many(recipes, into=folder + "/whole", progress=False))
            first = [replace(each, steps=1) for each in recipes]
            start = seconds(lambda: gl.train_many(first, into=folder + "/start", progress=False))
        return (whole - start) / (steps - 1)

    def in_turn() -> float:
        with tempfile.TemporaryDirectory() as folder:
            few = [seconds_per_step(each, Path(folder) / each.id) for each in recipes[:4]]
        return sum(few) / len(few) * n_runs

    times = alternating({"stacked": stacked, "in turn": in_turn}, rounds=1 if is_smoke() else 5)
    at_least(
        "many_runs", f"{n_runs} runs, p = 23", times["in turn"] / times["stacked"], 6.0, aim=8.0,
        stacked_ms=1e3 * times["stacked"], in_turn_ms=1e3 * times["in turn"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
