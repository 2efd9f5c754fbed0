"""Opening runs: ours, or any format that a reader knows."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from groklens.capture.run_like import RunLike
from groklens.errors import BadArgument, DamagedRun
from groklens.runs.files import read_tensors
from groklens.runs.paths import RunPaths
from groklens.runs.readers import READERS, hugging_face
from groklens.runs.run import Run
from groklens.tasks import Task


def load(
    path: str | Path,
    *,
    format: str | None = None,
    task: Task | None = None,
    model: Any = None,
    revisions: Sequence[str] | Mapping[str, int] | None = None,
    verify: bool = False,
) -> Run | Any:
    """Open the run at `path`: a folder of ours, or a file or folder in a format that a reader knows.

    Args:
        format: a reader's name, when recognising the format is not wanted: `"groklens"`, `"pizza"`,
            `"rep_theory"`, `"nanda"`, `"y_agent"`, `"grokking_demo"`, `"hooked_transformer"`, `"hugging_face"`.
        task: what was trained on, for formats whose files do not say; `gl.Probe(tokens)` for language models.
        model: one for the weights to be loaded into, for runs recorded from a class of your own.
        revisions: says that `path` is the name of a model on the Hugging Face hub, and which of its revisions
            make the run: names that hold their step (`["step0", "step1000"]`), or names with their steps
            (`{"main": 143000}`).
        verify: check every file of a run of ours against its checksum first.

    Other people's files are opened without running anything in them. Raises `DamagedRun` when there is no run,
    when it is of an unknown schema, or when a file is not what was written; the message names the file and
    says what to do. Raises `BadArgument` for an unknown format, or where
    a task is needed and not given.

    >>> load("examples/runs/mod113").task.name  # doctest: +SKIP
    'a+b mod 113'
    """
    if revisions is not None:
        return hugging_face.read_hub(str(path), revisions, task=task)
    root = Path(path)
    if not root.exists():
        raise DamagedRun(
            f"{root} does not exist; give the folder or file of a run (or, of a model on the Hugging Face hub, "
            "its name with revisions=)."
        )
    if format not in (None, "groklens"):
        return _read(_reader(str(format)), root, task)
    if format == "groklens" or RunPaths(root).header.is_file():
        run = Run(root, model=model)
        if verify:
            run.verify()
        return run
    for reader in READERS:
        if reader.recognises(root):
            return _read(reader, root, task)
    raise DamagedRun(_unrecognised(root))


def _reader(name: str) -> ModuleType:
    known = {reader.NAME: reader for reader in READERS}
    if name not in known:
        raise BadArgument(f"format is {name!r}; known are 'groklens', {', '.join(map(repr, known))}.")
    return known[name]


def _read(reader: ModuleType, root: Path, task: Task | None) -> RunLike:
    if "task" in inspect.signature(reader.read).parameters:
        return reader.read(root, task=task)
    return reader.read(root)


def _unrecognised(root: Path) -> str:
    from groklens.runs.readers.safe import read_torch

    if root.is_file() and root.suffix == ".safetensors":
        found = f"tensors {', '.join(list(read_tensors(root))[:6])}"
    elif root.is_file() and root.suffix in (".pt", ".pth"):
        content = read_torch(root)  # a damaged file or pickled code says so itself
        keys = ", ".join(map(str, list(content)[:6])) if isinstance(content, dict) else type(content).__name__
        found = f"a torch file with {keys}"
    else:
        inside = sorted(file.name for file in root.iterdir())[:6] if root.is_dir() else [root.name]
        found = f"{', '.join(inside) or 'nothing'}"
    return (
        f"{root} is of no format known here (found {found}). Known: a folder with run.json, and "
        f"{', '.join(reader.NAME for reader in READERS)}; a format can be forced with format=."
    )
