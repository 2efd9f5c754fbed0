"""Where something new may be written: never over, nor among, what a run or a sweep is made of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from groklens.errors import BadArgument, RecipeMismatch
from groklens.runs.files import write_atomically
from groklens.runs.paths import RunPaths

#: What stands in the folder of a run, and in that of a sweep beside its runs: files, and folders of files.
_PARTS = {
    "run": frozenset({"run.json", "history.csv", "resume.safetensors", "steps", "optimizer"}),
    "sweep": frozenset({"sweep.json", "stacks", "unfinished"}),
}


def check_place(folder: Path, what: str = "the run", *, resumes: bool = False) -> None:
    """Raise `RecipeMismatch` for a folder that is, or lies within, that of a run or a sweep: one is never of two.

    With `resumes` a run that is in the folder itself is taken up, and whether it is the right one is asked elsewhere.
    """
    given = Path(os.path.realpath(folder))
    if resumes and RunPaths(given).header.exists() and not RunPaths(given).sweep.exists():
        return
    held = list(_holders(given))
    if not held:
        return
    (holder, kind), (outermost, _) = held[0], held[-1]
    here = f"{folder} holds" if holder == given else f"{folder} lies in {holder}, which holds"
    other = outermost.with_name(f"{given.name}-2" if outermost == given else given.name)
    such_as = "" if os.path.lexists(other) else f", such as {other}"
    opens = "gl.sweeps.load" if kind == "sweep" else "gl.load"
    raise RecipeMismatch(
        f"{here} a {kind}, opened by {opens}({str(holder)!r}); write {what} into another folder{such_as}."
    )


def check_result(path: Path) -> None:
    """Raise `BadArgument` where a file or folder of results would replace a part of a run or a sweep, or lie in one."""
    given = (
        Path(os.path.realpath(path.parent)) / path.name
    )  # a link there is replaced, and not what it leads to
    for holder, kind in _holders(given):
        if holder == given or given.relative_to(holder).parts[0] in _PARTS[kind]:
            what = f"the folder of a {kind}" if holder == given else f"a part of the {kind} in {holder}"
            raise BadArgument(f"{path} is {what}, which is not written over; give another name.")


def write_result(path: Path, data: bytes) -> None:
    """Write a file of results for the user, whole or not at all; `check_result` says where it may not be."""
    check_result(path)
    write_atomically(path, data)


def _holders(given: Path) -> Iterator[tuple[Path, str]]:
    """The runs and sweeps that a folder is, or lies in, the innermost first; and which of both each is.

    Of folders further out a file of the name alone does not say so: others call their own files run.json too.
    """
    for folder in (
        given,
        *given.parents,
    ):  # a name that no file can have is no run's, and is refused elsewhere
        paths = RunPaths(folder)
        if os.path.isfile(paths.sweep) and (folder == given or _says(paths.sweep, "stacks")):
            yield folder, "sweep"
        elif os.path.isfile(paths.header) and (folder == given or _is_run(paths)):
            yield folder, "run"


def _is_run(paths: RunPaths) -> bool:
    return paths.steps.is_dir() and _says(paths.header, "checkpoints")


def _says(file: Path, field: str) -> bool:
    """Whether a file has a field that ours have; one that may not be read is taken to be ours."""
    try:
        return f'"{field}"'.encode() in file.read_bytes()
    except OSError:
        return True
