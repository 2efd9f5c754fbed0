"""Checks before a file is opened: that it is a regular file and that its declared sizes fit into it.

A pipe would wait for ever, a device never ends, and a few bytes can declare more than a machine has. All of it
shows without reading the content: in what kind of thing a path is, and in the sizes that a file declares of itself.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun

_KINDS = {
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
#: Smaller files are read whatever they declare: they cannot hurt.
SMALL = 16 * 2**20
#: Packed arrays that unfold to more than this many times the size of their file are no weights.
_RATIO = 16
#: Values that are not tensors take up to sixty times their place on disk once they are read.
MOST_PICKLED = 24 * 2**20
MOST_TEXT = 32 * 2**20
_MOST_HEADER = 32 * 2**20
#: Files of numbers, in which holes may stand for zeros, and how many bytes of holes are believed.
_OF_NUMBERS = (".pt", ".pth", ".ckpt", ".bin", ".tar", ".safetensors", ".npz", ".gguf")
_HOLES, _MOST_HOLES = 2**30, 16 * 2**30


def check_regular(path: Path) -> None:
    """Raise `DamagedRun` for a path that is neither file nor folder, or for a file with holes that cannot be whole.

    Copying leaves holes where there are zeros (`cp --sparse=always`), so holes alone are no damage. They are in a
    text, which has no zeros; past 1 GiB where the file does not declare itself to be so long; and past 16 GiB, which
    no weights here are. Links count as what they point to. A path with nothing there passes: that is said elsewhere.

    >>> check_regular(Path("runs/mine"))
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is not None:
        raise DamagedRun(f"{path} is {kind}, no file, and is not opened; give the file or folder of a run.")
    written = getattr(found, "st_blocks", found.st_size // 512 + 1) * 512
    mostly_holes = stat.S_ISREG(found.st_mode) and found.st_size > SMALL and written < found.st_size // 2
    if mostly_holes and _cannot_be_whole(path, found.st_size, found.st_size - written):
        raise DamagedRun(
            f"{path} says that it has {found.st_size:,} bytes and {written:,} were written (a sparse file); "
            "copy it again."
        )


def _cannot_be_whole(path: Path, size: int, holes: int) -> bool:
    if path.suffix not in _OF_NUMBERS or holes > _MOST_HOLES:
        return True
    return holes > _HOLES and _declared_size(path, size) != size


def _declared_size(path: Path, size: int) -> int:
    """The size that a safetensors header or an archive's directory declares; 0 where there is neither."""
    try:
        if path.suffix == ".safetensors":
            length, header = _header(path, size)
            return (
                8
                + length
                + max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
            )
        with zipfile.ZipFile(path) as archive:  # opens only where its directory stands at its end
            packed = sum(entry.compress_size for entry in archive.infolist())
        return size if packed > size // 2 else 0
    except (
        DamagedRun,
        zipfile.BadZipFile,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        NotImplementedError,
        RecursionError,
    ):
        return 0


def check_size(path: Path, most: int = MOST_TEXT) -> None:
    """Raise `DamagedRun` for what is not a regular file, or for a text of more than `most` bytes."""
    check_regular(path)
    if path.is_file() and path.stat().st_size > most:
        raise DamagedRun(
            f"{path} has {path.stat().st_size:,} bytes, more than such a text is taken to have ({most:,}); give "
            "weights as .pt, .safetensors or .npz."
        )


def check_archive(path: Path) -> None:
    """Raise `DamagedRun` for a zip archive (as torch and numpy write them) that declares more than it can hold."""
    if not is_archive(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DamagedRun(f"{path} is no complete archive ({error}); copy it again.") from error
    declared = sum(entry.file_size for entry in entries)
    size = path.stat().st_size
    if declared > max(SMALL, _RATIO * size):
        raise DamagedRun(
            f"{path} has {size:,} bytes and declares {declared:,}; nothing of it is read. Copy it again."
        )
    pickled = max((entry.file_size for entry in entries if entry.filename.endswith(".pkl")), default=0)
    if pickled > MOST_PICKLED:
        raise DamagedRun(
            f"{path} holds {pickled:,} bytes of values that are no tensors, more than {MOST_PICKLED:,}; save the "
            "weights in a file of their own."
        )


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive; `DamagedRun` for one split into parts or for what is not a regular file."""
    check_regular(path)
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile as error:
        raise DamagedRun(f"{path} is no complete archive ({error}); copy it again.") from error


def check_safetensors(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes that a safetensors file declares by name, without reading its tensors.

    Raises `DamagedRun` for a file that is missing, cut short, or declares more than it holds.

    >>> check_safetensors(Path("model.safetensors"))["embed.W_E"]  # doctest: +SKIP
    (114, 128)
    """
    check_regular(path)
    try:
        size = path.stat().st_size
        length, header = _header(path, size)
        return _shapes(path, header, size - 8 - length)
    except FileNotFoundError as error:
        raise DamagedRun(f"There is no {path}; copy it again.") from error
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, DamagedRun):
            raise
        raise DamagedRun(_no_safetensors(path, size, "its header is no JSON")) from error


def _header(path: Path, size: int) -> tuple[int, Any]:
    """The length and content of a safetensors header; `DamagedRun` where it is longer than its file."""
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(size - 8, _MOST_HEADER):
            raise DamagedRun(_no_safetensors(path, size, f"a header of {length:,} bytes is declared"))
        return length, json.loads(file.read(length))


def _shapes(path: Path, header: object, held: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    if not isinstance(header, dict):
        raise DamagedRun(_no_safetensors(path, held, "its header is no JSON object"))
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            shapes[name] = tuple(int(length) for length in entry["shape"])
            end = max(end, int(entry["data_offsets"][1]))
        except (TypeError, KeyError, IndexError, ValueError, OverflowError) as error:
            raise DamagedRun(_no_safetensors(path, held, f"its entry {name[:80]!r} is none")) from error
    if end != held:
        raise DamagedRun(
            f"{path} is damaged: its header declares {end:,} bytes of tensors and {held:,} are there; copy it again."
        )
    return shapes


def _no_safetensors(path: Path, size: int, why: str) -> str:
    if not size:
        return f"{path} is empty (0 bytes); copy it again."
    return f"{path} is damaged, or no safetensors file ({why}); copy it again."
