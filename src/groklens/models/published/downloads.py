"""Dropping what was fetched from the hub once it has been read, so that many checkpoints need the disk of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def dropped_after(name: str) -> Iterator[None]:
    """Context after which the hub's cache holds of a model what it held before: what was fetched within it is gone.

    Files that were there stay, and so do they where a revision that was there shares them; what an unfinished download
    left is dropped too. Another process that fetches the same model meanwhile would lose its files.

    >>> with dropped_after("EleutherAI/pythia-70m"):  # doctest: +SKIP
    ...     bridge = bridge_from_hugging_face("EleutherAI/pythia-70m", "step1000")
    """
    folders = _folders(name)
    before = {path for folder in folders for path in _inside(folder)}
    names = {path: path.read_bytes() for path in before if path.is_file() and path.parent.name == "refs"}
    try:
        yield
    finally:
        for folder in folders:
            for path in sorted(
                _inside(folder) - before, reverse=True
            ):  # what is in a folder before the folder
                _drop(path)
        for path, commit in names.items():  # a branch that has moved since names what it named
            if path.is_file() and path.read_bytes() != commit:
                path.write_bytes(commit)


def _folders(name: str) -> tuple[Path, Path]:
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    cache, own = Path(constants.HF_HUB_CACHE), repo_folder_name(repo_id=name, repo_type="model")
    return cache / own, cache / ".locks" / own


def _inside(folder: Path) -> set[Path]:
    return {folder, *folder.rglob("*")} if folder.is_dir() else set()


def _drop(path: Path) -> None:
    with contextlib.suppress(OSError):  # in use, as where files that are open cannot be removed: it stays
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
