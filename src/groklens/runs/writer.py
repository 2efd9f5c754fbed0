"""Writing a run: header, checkpoints and history, each whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from groklens.runs.files import encode_tensors, read_tensors, write_atomically
from groklens.runs.header import Header
from groklens.runs.history import History
from groklens.runs.paths import RunPaths


class RunWriter:
    """Writes one run into a folder; a kill at any moment leaves a folder that `load` opens.

    Checkpoints come before the header that lists them, the history before the resume state that counts on it.
    """

    def __init__(self, path: Path, header: Header, resume_step: int | None = None) -> None:
        """Start a run, or take one up at `resume_step`, forgetting the history from that step on."""
        self.paths = RunPaths(path)
        self.header = header
        for leftover in self.paths.leftovers():
            leftover.unlink(missing_ok=True)
        self.header.write(self.paths.header)
        self.history = History(self.paths.history, before=resume_step or 0)

    def keep(self, step: int, state: Mapping[str, Tensor]) -> None:
        """Store the weights after `step` updates; a resumed run writes what differs or is gone again."""
        data = encode_tensors(dict(state))
        path = self.paths.checkpoint(step)
        if not (path.is_file() and path.read_bytes() == data):
            write_atomically(path, data)
        digest = hashlib.sha256(data).hexdigest()
        if self.header.checkpoints.get(step) != digest:
            self.header.checkpoints[step] = digest
            self.header.write(self.paths.header)

    def save_resume(self, step: int, tensors: Mapping[str, Tensor]) -> None:
        """Store what an unfinished run needs to go on after `step` updates."""
        self.history.flush()
        write_atomically(self.paths.resume, encode_tensors(dict(tensors), {"step": str(step)}))

    def read_resume(self) -> dict[str, Tensor]:
        """What `save_resume` stored last."""
        return read_tensors(self.paths.resume)

    def finish(self) -> None:
        """Bring the history up to date, seal the header and drop the resume state."""
        self.history.flush()
        self.header.history_sha256 = hashlib.sha256(self.paths.history.read_bytes()).hexdigest()
        self.header.finished = True
        self.header.write(self.paths.header)
        self.paths.resume.unlink(missing_ok=True)
