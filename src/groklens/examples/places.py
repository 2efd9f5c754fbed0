"""Where example runs are: in the package, beside the repository of a clone, or where downloads are kept."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from groklens.runs import as_path

_PACKAGE = Path(__file__).parent


def shipped() -> dict[str, Path]:
    """The runs that are installed with the package, by name."""
    return _runs_in(_PACKAGE / "runs")


def cloned() -> dict[str, Path]:
    """The runs of the repository, by name, where this package is that of a clone."""
    root = _PACKAGE.parents[2]
    return _runs_in(root / "examples" / "runs") if (root / "pyproject.toml").is_file() else {}


def fetched() -> dict[str, Path]:
    """The runs that were downloaded before, by name."""
    return _runs_in(downloads())


def archives() -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of the archive of each whole run that a release has."""
    found: dict[str, dict[str, Any]] = json.loads((_PACKAGE / "archives.json").read_text(encoding="utf-8"))
    return found


def downloads() -> Path:
    """The folder of downloads: `GROKLENS_CACHE`, or `groklens` where this user's programs keep theirs."""
    own = os.environ.get("GROKLENS_CACHE")
    if own:
        return as_path(own, "a folder in GROKLENS_CACHE")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groklens" / "examples"


def _runs_in(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {each.name: each for each in sorted(folder.iterdir()) if (each / "run.json").is_file()}
