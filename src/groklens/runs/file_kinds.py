"""What a file is by its first bytes, whatever its name says: a container of weights, or something to be told apart."""

from __future__ import annotations

import zipfile
from pathlib import Path

_BEGINS = 512
#: What torch wrote before it wrote archives: a pickle of this number, by protocol 2.
_OLD_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PACKED = {
    b"\x1f\x8b": ("gzip", "gunzip -k"),
    b"BZh": ("bzip2", "bunzip2 -k"),
    b"\xfd7zXZ": ("xz", "unxz -k"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}
#: Other things that are found where weights are looked for, and what to do about each.
_OTHERS = {
    b"version https://git-lfs": (
        "is a Git LFS pointer, which stands for the file; fetch it: git lfs pull (or git lfs install before cloning)"
    ),
    b"\x89HDF": (
        "is an HDF5 file; save its arrays as they are: np.savez('weights.npz', **{name: array for …}) and "
        "gl.load('weights.npz', …)"
    ),
    b"\x93NUMPY": (
        "holds one array without a name; save the weights by their names: np.savez('weights.npz', "
        "**{name: array for …})"
    ),
    b"\x00\x05\x16\x07": "is what macOS keeps beside a file, not the file; give the one without ._ in its name",
}
_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def container_of(path: Path) -> str | None:
    """The ending that a file of weights has by its content: `".pt"`, `".safetensors"`, `".npz"`; None for others.

    >>> container_of(Path("nowhere.pt")) is None
    True
    """
    start = _start(path)
    if start.startswith(b"PK"):
        return _of_archive(path)
    if start.startswith(_OLD_TORCH):
        return ".pt"
    length = int.from_bytes(start[:8], "little")
    if start[8:9] == b"{" and 2 <= length <= path.stat().st_size - 8:
        return ".safetensors"
    return None


def told_apart(path: Path) -> str:
    """What a file is that holds no weights as they stand, and what to type; empty where its bytes do not tell.

    >>> told_apart(Path("nowhere.pt"))
    ''
    """
    if container_of(path) is not None:
        return ""
    start = _start(path)
    if not start and path.is_file() and not path.stat().st_size:
        return f"{path} is empty (0 bytes); copy it again."
    for begins, (program, command) in _PACKED.items():
        if start.startswith(begins):
            return f"{path} is packed by {program}; unpack it first: {command} {str(path)!r}."
    if start.lstrip().lower().startswith(_PAGES):
        return f"{path} is a page of the web, as a download that failed leaves it; download the file again."
    return next((f"{path} {said}." for begins, said in _OTHERS.items() if start.startswith(begins)), "")


def _start(path: Path) -> bytes:
    """The first bytes of a regular file; none of anything else, which may block or have no end."""
    try:
        if not path.is_file():
            return b""
        with open(path, "rb") as file:
            return file.read(_BEGINS)
    except (OSError, ValueError):
        return b""


def _of_archive(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if any(name.endswith("data.pkl") for name in names):
        return ".pt"
    return ".npz" if names and all(name.endswith(".npy") for name in names) else None
