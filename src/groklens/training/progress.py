"""The progress bar of a training run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from groklens.runs.history import Row


@runtime_checkable
class Report(Protocol):
    """Takes the step and what is known of it."""

    def __call__(self, step: int, row: Row) -> None:
        """Show it, if it is time to."""


@contextmanager
def progress_bar(total: int, start: int, show: bool | None) -> Iterator[Report]:
    """A rich bar with losses and time left; silent when `show` is False, or None and stderr no terminal."""
    if show is False or (show is None and not sys.stderr.isatty()):
        yield lambda step, row: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("step {task.completed:>6}/{task.total}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, completed=start)
        last, seen = 0.0, Row()

        def report(step: int, row: Row) -> None:
            nonlocal last
            seen.update(row)
            if time.monotonic() - last > 0.2 or step == total:
                last = time.monotonic()
                bar.update(task, completed=step, description=_describe(seen))

        yield report


def _describe(row: Row) -> str:
    text = f"train {row.get('train_loss', float('nan')):.3g}"
    if "test_loss" in row:
        text += f"  held out {row['test_loss']:.3g} ({row['test_accuracy']:.1%})"
    return text
