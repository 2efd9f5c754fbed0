"""How a benchmark says what it found: one JSON line, and one line for people."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any


def is_smoke() -> bool:
    """Whether to run at a size that only shows that the benchmark runs."""
    return "--smoke" in sys.argv


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternating(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median, over rounds that take the sides in turn, of the seconds that each gives of itself."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            times[name].append(side())
    return {name: statistics.median(values) for name, values in times.items()}


def at_least(name: str, work: str, ratio: float, must: float, **more: Any) -> None:
    """Report a speed-up."""
    _report(name, work, ratio, must, ratio >= must, "× faster, at least", more)


def at_most(name: str, work: str, value: float, must: float, unit: str, **more: Any) -> None:
    """Report a cost."""
    _report(name, work, value, must, value <= must, f"{unit}, at most", more)


def skipped(name: str, work: str, why: str) -> None:
    """Report that a benchmark could not run here."""
    print(json.dumps({"name": name, "work": work, "skipped": why}))
    print(f"{name} ({work}): skipped, {why}")


def _report(
    name: str, work: str, value: float, must: float, holds: bool, relation: str, more: Mapping[str, Any]
) -> None:
    import torch

    machine = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    numbers = {"name": name, "work": work, "value": value, "must": must, "holds": holds, "smoke": is_smoke()}
    print(json.dumps(numbers | dict(more) | machine))
    details = ", ".join(
        f"{key} {number:.4g}" if isinstance(number, float) else f"{key} {number}"
        for key, number in more.items()
    )
    verdict = "" if is_smoke() else (" — holds" if holds else " — DOES NOT HOLD")
    print(f"{name} ({work}): {value:.3g} {relation} {must:g}{verdict}; {details}", flush=True)
