"""The history of a run: losses and accuracies by step, as rows of a CSV file."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import os
from pathlib import Path

from groklens.errors import DamagedRun
from groklens.runs.files import write_atomically

COLUMNS = ("step", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
Row = dict[str, float]


class History:
    """Rows in memory and the file behind them; `flush` brings the file up to date.

    Numbers are written so that they read back to the bit. A value that was not evaluated is an empty cell.
    """

    def __init__(self, path: Path, before: int | None = None) -> None:
        """Open the history at `path`, forgetting rows from step `before` on."""
        self.path = path
        self.rows = read_history(path) if path.exists() else {}
        if before is not None:
            self.rows = {step: row for step, row in self.rows.items() if step < before}
        write_atomically(path, _encode(self.rows, header=True))
        self._unwritten: dict[int, Row] = {}

    def record(self, step: int, **values: float) -> None:
        """Add values to the row of `step`."""
        self.rows.setdefault(step, {}).update(values)
        self._unwritten[step] = self.rows[step]

    def flush(self) -> None:
        """Append what is new to the file."""
        before = self.path.stat().st_size if self.path.exists() else 0
        try:
            with open(self.path, "ab") as file:
                file.write(_encode(self._unwritten, header=before == 0))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self.path, before)  # half a line would spoil the next one
            raise DamagedRun(
                f"Could not write {self.path}: {error.strerror or error}. What was written before is intact; "
                "make room or permission and call again to resume."
            ) from error
        self._unwritten = {}


def read_history(path: Path) -> dict[int, Row]:
    """Rows by step; a last line cut short by a kill is left out, any other damage is a `DamagedRun`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DamagedRun(f"{path} is missing; the checkpoints beside it still load.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedRun(f"{path} is damaged ({error}); the checkpoints beside it still load.") from error
    lines = text.split("\n")[:-1]  # a whole line ends in a newline
    reader = csv.reader(lines)
    try:
        if tuple(next(reader)) != COLUMNS:
            raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
        rows: dict[int, Row] = {}
        for cells in reader:
            step, values = int(cells[0]), cells[1:]
            row = {name: float(cell) for name, cell in zip(COLUMNS[1:], values, strict=True) if cell}
            rows.setdefault(step, {}).update(row)
        return rows
    except (ValueError, StopIteration, IndexError) as error:
        raise DamagedRun(
            f"{path} is damaged at line {reader.line_num} ({error}); the checkpoints beside it still load."
        ) from error


def column(rows: dict[int, Row], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of one column, where it was recorded."""
    pairs = [(step, row[name]) for step, row in sorted(rows.items()) if name in row]
    return [step for step, _ in pairs], [value for _, value in pairs]


def _encode(rows: dict[int, Row], header: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(COLUMNS)
    for step in sorted(rows):
        cells = [rows[step].get(name) for name in COLUMNS[1:]]
        writer.writerow([step, *("" if c is None or math.isnan(c) else repr(float(c)) for c in cells)])
    return text.getvalue().encode()
