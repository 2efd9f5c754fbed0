"""The recipe that most benchmarks train, runs of it, and how long their steps take."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import groklens as gl
from benchmarks.report import is_smoke, seconds

#: When each step of the run that is under way was looked at.
_SEEN: dict[int, float] = {}


@dataclass(frozen=True)
class Clock:
    """A schedule that keeps nothing and notes the time of every step."""

    def keeps(self, step: int) -> bool:
        """No, but now is when it was asked first; it is asked again once the run is opened."""
        _SEEN.setdefault(step, time.perf_counter())
        return False


def median_step(recipes: Sequence[gl.Recipe], device: str = "cpu", after: int = 20) -> float:
    """Median wall time of a step of recipes whose schedule is a `Clock`, without the first steps."""
    _SEEN.clear()
    with tempfile.TemporaryDirectory() as folder:
        gl.train_many(recipes, into=folder, device=device, progress=False)
    times = [_SEEN[step] for step in sorted(_SEEN) if step >= after]
    return statistics.median(after - before for before, after in pairwise(times))


def nanda(n_layers: int = 1, p: int | None = None, **changes: object) -> gl.Recipe:
    """Addition mod 113 as in Nanda et al. (2023), never evaluated; a small one for a smoke test."""
    size = {"d_model": 32, "n_heads": 4, "d_head": 8, "d_mlp": 64} if is_smoke() else {}
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(p or (13 if is_smoke() else 113), "add"),
        train_fraction=0.3,
        model=gl.Transformer(n_layers=n_layers, **size),
        optimizer=gl.AdamW(lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
        evaluate_every=None,
        keep=gl.Steps([]),
    )
    return replace(recipe, **changes)  # type: ignore[arg-type]


def seconds_per_step(recipe: gl.Recipe, into: Path) -> float:
    """Wall time of a step of `gl.train`: what a run of the recipe takes beyond a run of one step."""
    whole = seconds(lambda: gl.train(recipe, into=into / "whole", progress=False))
    start = seconds(lambda: gl.train(replace(recipe, steps=1), into=into / "start", progress=False))
    return (whole - start) / (recipe.steps - 1)


def checkpoints(count: int, into: Path) -> gl.Run:
    """A run with that many checkpoints, one a step."""
    return gl.train(nanda(steps=count - 1, keep=gl.Every(1)), into=into, progress=False)


def key_frequencies(recipe: gl.Recipe) -> list[int]:
    """Five frequencies for measures that are relative to a circuit; which ones costs nothing."""
    return [1, 2, 3, 4, 5] if is_smoke() else [14, 35, 41, 42, 52]
