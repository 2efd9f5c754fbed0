"""`RunWriter`: writing a run's header, checkpoints and history so that a kill never leaves a broken folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.files import encode_tensors, sha256_of, write_atomically
from groklens.runs.header import Header
from groklens.runs.header_fields import Stopped
from groklens.runs.history import COLUMNS, REPORTED, History, Row, Written
from groklens.runs.lock import FolderLock
from groklens.runs.paths import RunPaths


class RunWriter:
    """Writes one run into a locked folder; after a kill at any moment `load` opens what is there.

    Checkpoints come before the header that lists them, the history before the resume state that counts on it.
    Raises `DamagedRun` when the disk refuses, and when the folder is no longer there.
    """

    def __init__(
        self, lock: FolderLock, header: Header, start: int = 0, known: Written | None = None
    ) -> None:
        """Start a run, or take one up at step `start`, forgetting the history from there on.

        `known` is what stood in the history then, where that was written down.
        """
        self.paths = RunPaths(lock.folder)
        self.header = header
        self._lock = lock
        for leftover in self.paths.leftovers():
            if not leftover.is_dir():
                leftover.unlink(missing_ok=True)
        if start:
            self._check_kept(upto=start)
        try:
            self.paths.steps.mkdir(exist_ok=True)
        except OSError as error:
            raise DamagedRun(f"Could not write {self.paths.steps}: {error.strerror or error}.") from error
        # Nothing is said of the history while it is being cut back to the step that is taken up.
        header.finished, header.history = False, None
        self.header.write(self.paths.header)
        columns = COLUMNS if header.recipe is not None else (*COLUMNS, REPORTED)
        self.history = History(self.paths.history, start, columns, known)
        self._write_header()

    def keep(self, step: int, state: Mapping[str, Tensor]) -> None:
        """Store the weights after `step` updates; a resumed run replaces those that differ or are gone."""
        self._lock.check()
        data = encode_tensors(dict(state))
        digest = hashlib.sha256(data).hexdigest()
        if sha256_of(self.paths.checkpoint(step)) != digest:
            write_atomically(self.paths.checkpoint(step), data, parents=False)
        if self.header.checkpoints.get(step) != digest:
            self.header.checkpoints[step] = digest
            self._write_header()

    def stop(self, step: int, state: Mapping[str, Tensor], rule: str) -> None:
        """Keep the step at which a rule stopped the training, and say so: the run is not finished."""
        self.header.stopped = Stopped(rule, step)
        self.keep(step, state)
        self._write_header()

    def record(self, step: int, row: Row) -> None:
        """Add values to the row of `step`; they are on the disk after the next `flush`."""
        self.history.record(step, **row)

    def forget(self, step: int) -> None:
        """Delete a kept step: first from the list, then its weights, then what was evaluated there."""
        self._lock.check()
        self.header.checkpoints = {k: v for k, v in self.header.checkpoints.items() if k != step}
        self.header.history = None
        self.header.write(self.paths.header)
        self.paths.checkpoint(step).unlink(missing_ok=True)
        self.history.forget(step)
        self._write_header()

    @property
    def written(self) -> Written:
        """Length and digest of the history on the disk."""
        return self.history.written

    def flush(self, sync: bool = False) -> None:
        """Append new rows of the history to its file, to the disk itself with `sync`."""
        self._lock.check()
        self.history.flush(sync)

    def finish(self) -> None:
        """Verify everything that was written, and seal the header."""
        self.flush()
        self._check_kept()
        self._check_complete()
        if sha256_of(self.paths.history) != self.written.sha256:
            raise DamagedRun(_changed(self.paths, self.header.recipe is None, self.paths.history.name))
        self.header.finished = True
        self._write_header()

    def _write_header(self) -> None:
        self.header.history = self.written
        self.header.write(self.paths.header)

    def _check_kept(self, upto: int | None = None) -> None:
        bad = [
            str(step)
            for step, digest in sorted(self.header.checkpoints.items())
            if (upto is None or step <= upto) and sha256_of(self.paths.checkpoint(step)) != digest
        ]
        if bad:
            raise DamagedRun(
                _changed(
                    self.paths,
                    self.header.recipe is None,
                    f"the weights of step{'s' * (len(bad) > 1)} {', '.join(bad)}",
                )
            )

    def _check_complete(self) -> None:
        recipe = self.header.recipe
        kept = (
            [] if recipe is None else [step for step in recipe.kept_steps if step >= self.header.taken_over]
        )
        missing = set(kept) - set(self.header.checkpoints)
        if missing:
            steps = ", ".join(map(str, sorted(missing)[:5]))
            raise DamagedRun(_changed(self.paths, False, f"the weights of step {steps}"))


def _changed(paths: RunPaths, recorded: bool, what: str) -> str:
    again = f"Delete {paths.resume} where it is there, and call again: the run then starts over and writes all of it."
    left = f"What is whole still loads: gl.load({str(paths.root)!r})."
    return (
        f"In {paths.root}, {what} {'is' if what.endswith('csv') else 'are'} missing or not what was written (the "
        f"checksum differs), so the run is not finished. {left if recorded else again}"
    )
