"""Every path that a run writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPaths:
    """Where the files of the run in folder `root` are."""

    root: Path

    @property
    def header(self) -> Path:
        """Recipe, versions and the list of checkpoints with their checksums."""
        return self.root / "run.json"

    @property
    def history(self) -> Path:
        """Losses and accuracies by step, as CSV."""
        return self.root / "history.csv"

    @property
    def resume(self) -> Path:
        """Model and optimiser of an unfinished run."""
        return self.root / "resume.safetensors"

    def leftovers(self) -> list[Path]:
        """Temporary files that a kill left behind."""
        ours = ("run.json", "history.csv", "resume.safetensors", "steps/*.safetensors")
        return [path for name in ours for path in self.root.glob(f"{name}.*.tmp")]

    def checkpoint(self, step: int) -> Path:
        """The weights after `step` updates."""
        return self.root / "steps" / f"{step:08d}.safetensors"
