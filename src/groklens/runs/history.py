"""The history of a run: losses and accuracies by step, in a CSV file."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from groklens.errors import DamagedRun
from groklens.runs.files import read_file, write_atomically

COLUMNS = ("step", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
#: The column of what a user's own loop reports, in a unit of its own.
REPORTED = "reported_loss"
Row = dict[str, float]


class Written(NamedTuple):
    """The length of a history file at one moment, and the digest of its content then."""

    n_bytes: int
    sha256: str


class History:
    """The rows of a history in memory and the file behind them; `flush` appends what is new.

    Numbers are written so that they read back to the bit. A value that was not evaluated is an empty cell.
    """

    def __init__(
        self,
        path: Path,
        before: int | None = None,
        columns: Sequence[str] = COLUMNS,
        known: Written | None = None,
    ) -> None:
        """Open the history at `path`, forgetting rows from step `before` on.

        `known` is what stood in it at that step: what is not so is damaged, and a `DamagedRun`.
        """
        self.path = path
        self.columns = tuple(columns)
        self.rows = read_history(path, known) if path.exists() or known else {}
        if before is not None:
            self.rows = {step: row for step, row in self.rows.items() if step < before}
        self._unwritten: dict[int, Row] = {}
        self._write_whole()

    @property
    def written(self) -> Written:
        """Length and digest of the file, as far as this object wrote it."""
        return Written(self._size, self._sum.hexdigest())

    def record(self, step: int, **values: float) -> None:
        """Add values to the row of `step`."""
        self.rows.setdefault(step, {}).update(values)
        self._unwritten[step] = self.rows[step]

    def forget(self, step: int) -> None:
        """Drop what was evaluated at this step, in the file too, and keep what the training loop reported of it."""
        row = self.rows.pop(step, {})
        if REPORTED in row:
            self.rows[step] = {REPORTED: row[REPORTED]}
        self._write_whole()

    def flush(self, sync: bool = False) -> None:
        """Append new rows to the file; with `sync` they are on the disk itself afterwards."""
        more = self._encode(self._unwritten, header=False)
        if not more and not sync:
            return
        try:
            with open(self.path, "r+b") as file:  # and not "a": what is not there is not made anew
                file.truncate(self._size)  # what an interrupted flush began
                file.seek(self._size)
                file.write(more)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self.path, self._size)  # half a line would spoil the next one
            raise DamagedRun(
                f"Could not write {self.path}: {error.strerror or error}. What was written before is intact; "
                "make room or permission and call again to resume."
            ) from error
        self._size += len(more)
        self._sum.update(more)
        self._unwritten = {}

    def _write_whole(self) -> None:
        whole = self._encode(self.rows, header=True)
        write_atomically(self.path, whole, parents=False)
        self._size, self._sum = len(whole), hashlib.sha256(whole)
        self._unwritten = {}

    def _encode(self, rows: dict[int, Row], header: bool) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if header:
            writer.writerow(self.columns)
        for step in sorted(rows):
            cells = [rows[step].get(name) for name in self.columns[1:]]
            writer.writerow([step, *("" if c is None or math.isnan(c) else repr(float(c)) for c in cells)])
        return text.getvalue().encode()


def read_history(path: Path, known: Written | None = None, whole: bool = False) -> dict[int, Row]:
    """Rows by step; a last line cut short by a kill is left out, any other damage is a `DamagedRun`.

    `known` says what it begins with, or what all of it is (`whole`).
    """
    try:
        data = read_file(path)
    except DamagedRun as error:
        raise DamagedRun(f"{str(error).rstrip('.')}; the checkpoints beside it still load.") from error
    begins = data if whole or known is None else data[: known.n_bytes]
    if known is not None and hashlib.sha256(begins).hexdigest() != known.sha256:
        raise DamagedRun(
            f"{path} is not the file that was written (its checksum differs); the checkpoints beside it still load."
        )
    return _rows(path, data)


def column(rows: dict[int, Row], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of one column, at the steps where it was recorded."""
    pairs = [(step, row[name]) for step, row in sorted(rows.items()) if name in row]
    return [step for step, _ in pairs], [value for _, value in pairs]


def _rows(path: Path, data: bytes) -> dict[int, Row]:
    line = 0
    try:
        lines = data.decode().split("\n")[:-1]  # a whole line ends in a newline
        reader = csv.reader(lines)
        columns = tuple(next(reader))
        if columns not in (COLUMNS, (*COLUMNS, REPORTED)):
            raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
        rows: dict[int, Row] = {}
        for cells in reader:
            line = reader.line_num
            step, values = int(cells[0]), cells[1:]
            row = {name: float(cell) for name, cell in zip(columns[1:], values, strict=True) if cell}
            rows.setdefault(step, {}).update(row)
        return rows
    except (ValueError, StopIteration, IndexError, csv.Error) as error:
        raise DamagedRun(
            f"{path} is damaged at line {line + 1} ({error}); the checkpoints beside it still load."
        ) from error
