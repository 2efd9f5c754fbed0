"""The models that studies look at: runs shipped with the examples, and those that others trained."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import groklens as gl

_ROOT = Path(__file__).parents[1]
ZOO = Path(os.environ.get("GROKLENS_ZOO", _ROOT.parent / "shared" / "zoo"))


def shipped(name: str) -> gl.Run:
    """A run of `examples/runs`; `examples/remake.py` has its recipe."""
    return gl.load(_ROOT / "examples" / "runs" / name)


def others(*patterns: str) -> dict[str, Path]:
    """Models that others trained, by name, under $GROKLENS_ZOO; none where it is absent."""
    found = (path for pattern in patterns for path in sorted(ZOO.glob(pattern)))
    return {path.stem.removeprefix("model_"): path for path in found}


def trained(recipes: Sequence[gl.Recipe], into: Path | None) -> list[gl.Run]:
    """Runs of these recipes, stacked where they can be; those in `into` are used again, a killed one goes on.

    Without a folder they are trained into one that is gone when this process ends.
    """
    return gl.train_many(recipes, into=scratch() if into is None else into, keep_optimizer=None)


def scratch() -> Path:
    """A folder that is gone when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="groklens-study-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
