"""Opening runs: ours, or any format that a reader knows."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from groklens.capture.run_like import RunLike
from groklens.errors import BadArgument, RunNotFound, did_you_mean
from groklens.runs.missing import exists, nothing_at, nothing_known
from groklens.runs.paths import RunPaths, as_path
from groklens.runs.readers import READERS, hugging_face
from groklens.runs.run import Run
from groklens.tasks import Probe, Task, check_task


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

    Other people's files are opened without running anything in them. Raises `RunNotFound` when there is no
    run, with those that are near, and `DamagedRun` when it is of an unknown schema
    or when a file is not what was written; the message names the file and says what to do. Raises `BadArgument`
    for an unknown format, where a task is needed and not given, or where the file says another.

    >>> load("examples/runs/mod113").task.name  # doctest: +SKIP
    'a+b mod 113'
    """
    if task is not None:
        check_task(task)
    if revisions is not None:
        return hugging_face.read_hub(str(path), revisions, task=task)
    root = as_path(path)
    if not exists(root):
        raise RunNotFound(nothing_at(root))
    run = _open(root, format, task, model)
    if task is not None and run.task not in (task, _fitted(task, run.task)):
        raise BadArgument(
            f"{root} says that it was trained on {run.task.name}, and task= says {task.name}; leave task= out."
        )
    if verify:
        _verify(run, root)
    return run


def _open(root: Path, format: str | None, task: Task | None, model: Any) -> Run | Any:
    if format not in (None, "groklens"):
        return _read(_reader(str(format)), root, task)
    if root.name == "run.json" and root.is_file():
        root = root.parent
    if format == "groklens" or RunPaths(root).header.is_file():
        return Run(root, model=model)
    for reader in READERS:
        if reader.recognises(root):
            return _read(reader, root, task)
    raise RunNotFound(nothing_known(root))


def _verify(run: Run | Any, root: Path) -> None:
    if not isinstance(run, Run):
        raise BadArgument(
            f"{root} is of the format {run.format}, which has no checksums to verify; leave verify out."
        )
    run.verify()


def _fitted(task: Task, own: Task) -> Task:
    """What a reader makes of a probe: it learns from the model how many tokens there are."""
    return task.fitted(own.d_vocab) if isinstance(task, Probe) else task


def _reader(name: str) -> ModuleType:
    known = {reader.NAME: reader for reader in READERS}
    if name not in known:
        names = ["groklens", *known]
        asked = did_you_mean(name, names) or "there is no such reader."
        raise BadArgument(f"format is {name!r}; {asked} Known are {', '.join(map(repr, names))}.")
    return known[name]


def _read(reader: ModuleType, root: Path, task: Task | None) -> RunLike:
    if "task" in inspect.signature(reader.read).parameters:
        return reader.read(root, task=task)
    return reader.read(root)
