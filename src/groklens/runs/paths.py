"""The paths of all files in a run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, described


def as_path(path: Any, what: str = "the folder of a run") -> Path:
    """A path with `~` expanded; `BadArgument` for what is not a path, or an empty one.

    >>> as_path("runs/mine").name
    'mine'
    """
    if not isinstance(path, (str, Path)) or not str(path).strip() or "\0" in str(path):
        raise BadArgument(f"{described(path)} is no path; give {what}, such as 'runs/mine'.")
    return Path(path).expanduser()


@dataclass(frozen=True)
class RunPaths:
    """The paths of the files of the run in folder `root`."""

    root: Path

    @property
    def header(self) -> Path:
        """The header: recipe, versions, and the list of checkpoints with their checksums."""
        return self.root / "run.json"

    @property
    def history(self) -> Path:
        """The history: losses and accuracies by step, as CSV."""
        return self.root / "history.csv"

    @property
    def resume(self) -> Path:
        """The resume state: model and optimiser of an unfinished run."""
        return self.root / "resume.safetensors"

    @property
    def steps(self) -> Path:
        """The folder of the checkpoints."""
        return self.root / "steps"

    @property
    def sweep(self) -> Path:
        """The plan of a sweep; a folder that has it is a sweep's and not a run's."""
        return self.root / "sweep.json"

    def state(self, step: int) -> Path:
        """Weights and optimiser after `step` updates, from which a run is extended or forked."""
        return self.root / "optimizer" / f"{step:08d}.state"

    @property
    def measured(self) -> Path:
        """The folder of the numbers of steps, kept with the run: a table as `gl.track(…, into=)` writes it."""
        return self.root / "measured"

    def row(self, step: int) -> Path:
        """The numbers of a step that are kept with the run."""
        return self.measured / f"step-{step}.json"

    def leftovers(self) -> list[Path]:
        """Temporary files that a kill left behind."""
        ours = (
            "run.json",
            "history.csv",
            "resume.safetensors",
            "steps/*.safetensors",
            "optimizer/*.state",
        )
        return [path for name in ours for path in self.root.glob(f"{name}.*.tmp")]

    def checkpoint(self, step: int) -> Path:
        """The weights after `step` updates."""
        return self.steps / f"{step:08d}.safetensors"
