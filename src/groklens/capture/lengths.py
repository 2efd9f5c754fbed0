"""Changing the length of every array in a zarr store at once, so that readers always see one number of steps.

Each array says its length in a file of its own, and files cannot be replaced together. While a store grows, those files
are therefore links into one folder of the store, and that folder is a link too: replacing the latter, which the file
system does in one piece, changes every length. When the writing ends, links become plain files again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: The file in an array's folder that says its shape: of zarr's format 3, and of format 2.
METADATA = ("zarr.json", ".zarray")
#: What a file system answers that has no links, or does not let this user make one.
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


def metadata_of(array: Path) -> Path:
    """Path of the metadata file that holds an array's shape."""
    return next((array / name for name in METADATA if (array / name).is_file()), array / METADATA[0])


def move_row(source: Path, target: Path, place: int) -> list[Path]:
    """Move the chunks of an array's first row to row `place` of another array; returns where they are now.

    In zarr's format 3 a row is a folder or a file below `c`, in format 2 files whose names begin with its number.
    Chunks of the fill value alone are not written.
    """
    moved = []
    for old, new in _row(source, target, place):
        if new.is_dir():  # of a step that could not be finished, and not be taken away either
            shutil.rmtree(new)
        moved.append(new)
        os.replace(old, new)
    return moved


def copy_row(source: Path, target: Path, place: int) -> None:
    """Copy an array's first chunk over chunk `place` of another array."""
    for old, new in _row(source, target, place):
        beside = new.with_name(f"{new.name}.new")
        shutil.copyfile(old, beside)
        os.replace(beside, new)


def _row(source: Path, target: Path, place: int) -> list[tuple[Path, Path]]:
    if metadata_of(source).name == METADATA[0]:
        (target / "c").mkdir(exist_ok=True)
        pairs = [(source / "c" / "0", target / "c" / str(place))]
    else:
        rows = [path for path in source.iterdir() if path.name.split(".")[0] == "0"]
        pairs = [(path, target / f"{place}{path.name[1:]}") for path in rows]
    return [(old, new) for old, new in pairs if old.exists()]


class Lengths:
    """The number of steps in every array of a zarr store, changed for all of them at once by `set`."""

    def __init__(self, root: Path, arrays: Sequence[str], home: str) -> None:
        self._files = [metadata_of(root / name) for name in arrays]
        self._link = root / home / ".lengths"
        self._folders = 0  # made so far: each has a name of its own
        self._linked = False
        self._plain = False  # where there are no links, files are replaced one after another

    @property
    def now(self) -> int:
        """The length that a reader finds at present."""
        return int(json.loads(self._files[0].read_bytes())["shape"][0])

    def set(self, length: int) -> None:
        """Give every array this length; after an `OSError` every array has the length it had before."""
        before = [json.loads(file.read_bytes()) for file in self._files]
        after = [{**values, "shape": [length, *values["shape"][1:]]} for values in before]
        if not self._linked and not self._plain:
            self._begin(before)
        if self._plain:
            self._replace_each(before, after)
        else:
            self._point_to(after)

    def settle(self) -> None:
        """Replace the links by plain files, so that the store is one that any zarr writer could have written."""
        for file in self._files:
            if file.is_symlink():
                beside = file.with_name(f"{file.name}.new")
                beside.write_bytes(file.read_bytes())
                os.replace(beside, file)
        self._linked = False
        for file in self._files:
            for ending in ("old", "new"):
                file.with_name(f"{file.name}.{ending}").unlink(missing_ok=True)
        for left in self._link.parent.glob(f"{self._link.name}*"):
            left.unlink() if left.is_symlink() or left.is_file() else shutil.rmtree(left, ignore_errors=True)

    def _begin(self, values: list[dict[str, Any]]) -> None:
        """Replace the metadata files by links to copies of them."""
        try:
            self._point_to(values)
        except OSError as error:
            if error.errno not in _NO_LINKS and getattr(error, "winerror", None) != 1314:
                raise
            self._plain = True
            return
        for index, file in enumerate(self._files):
            beside = file.with_name(f"{file.name}.new")
            beside.unlink(missing_ok=True)
            os.symlink(os.path.relpath(self._link / str(index), file.parent), beside)
            os.replace(beside, file)
        self._linked = True

    def _point_to(self, values: list[dict[str, Any]]) -> None:
        """Write these files to a new folder and point the one link at it."""
        self._folders += 1
        folder = self._link.with_name(f"{self._link.name}-{self._folders}")
        old = os.readlink(self._link) if self._link.is_symlink() else None
        beside = self._link.with_name(f"{self._link.name}.new")
        try:
            folder.mkdir()
            for index, array in enumerate(values):
                (folder / str(index)).write_text(json.dumps(array))
            beside.unlink(missing_ok=True)
            os.symlink(folder.name, beside)
            os.replace(beside, self._link)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if old is not None:
            shutil.rmtree(self._link.with_name(old), ignore_errors=True)

    def _replace_each(self, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
        """Replace files one after another, all of them written beforehand, so that a full disk cannot interrupt it."""
        old = [_beside(file, "old", values) for file, values in zip(self._files, before, strict=True)]
        new = [_beside(file, "new", values) for file, values in zip(self._files, after, strict=True)]
        try:
            for source, file in zip(new, self._files, strict=True):
                os.replace(source, file)
        except OSError:
            for source, file in zip(old, self._files, strict=True):
                with contextlib.suppress(OSError):
                    os.replace(source, file)
            raise


def _beside(file: Path, ending: str, values: dict[str, Any]) -> Path:
    path = file.with_name(f"{file.name}.{ending}")
    path.write_text(json.dumps(values))
    return path
