"""The header of a GGUF file: what it says of its model and tokenizer, and where its tensors are."""

from __future__ import annotations

import mmap
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
#: The struct codes of plain values by their number in the format; 8 is a text, 9 an array.
_PLAIN = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9
_MOST_AXES = 4
#: A vocabulary of a million tokens takes a tenth of it.
_MOST_HEADER = 256 * 2**20
_MOST_NESTED = 4


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a GGUF file: its axes as torch counts them, its type's number, and where its bytes begin."""

    shape: tuple[int, ...]
    kind: int
    start: int


@dataclass(frozen=True, repr=False)
class GgufFile:
    """The header of a GGUF file: `says` by key, its tensors by name, and where they begin, each at such a `step`."""

    path: Path
    says: dict[str, Any]
    tensors: dict[str, StoredTensor]
    begin: int
    step: int


def is_gguf(path: Path) -> bool:
    """Whether a path is a regular file that begins as GGUF files do.

    >>> is_gguf(Path("nowhere.gguf"))
    False
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return file.read(4) == MAGIC
    except (OSError, ValueError):
        return False


def read_gguf(path: Path) -> GgufFile:
    """The header of a GGUF file, read by memory map; no tensor is read.

    Raises `DamagedRun` in one line for a file that is none, is cut short, or declares more than it holds: nothing is
    allocated because a header asks for it.

    >>> read_gguf(Path("model.gguf")).says["general.architecture"]  # doctest: +SKIP
    'llama'
    """
    if not is_gguf(path):
        raise DamagedRun(f"{path} is no GGUF file (those begin with GGUF); copy it again.")
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Header(path, content).read()
    except (struct.error, UnicodeDecodeError, OSError, ValueError) as error:
        if isinstance(error, DamagedRun):
            raise
        raise DamagedRun(f"{path} is damaged: its header is cut short or none; copy it again.") from error


class _Header:
    """A header read from its start on; every count is compared with the bytes that are left before it is believed."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self._path, self._content = path, content
        self._size, self._at = len(content), len(MAGIC)

    def read(self) -> GgufFile:
        version = self._plain("I")
        if version not in _VERSIONS:
            raise self._damaged(f"version {version:,} is declared, and versions 2 and 3 are read")
        n_tensors, n_entries = self._count("tensors", 24), self._count("entries", 13)
        says = self._named(n_entries, self._value)
        found = self._named(n_tensors, self._tensor)
        step = says.get("general.alignment", 32)
        if not isinstance(step, int) or not 1 <= step <= 2**20:
            raise self._damaged(f"its alignment is {step!r}")
        begin = -(-self._at // step) * step
        tensors = {
            name: StoredTensor(shape, kind, begin + offset) for name, (shape, kind, offset) in found.items()
        }
        return GgufFile(self._path, says, tensors, begin, step)

    def _named(self, n: int, read: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(n):
            name = self._text()
            if name in found:
                raise self._damaged(f"{name[:80]!r} stands there twice")
            found[name] = read()
        return found

    def _tensor(self) -> tuple[tuple[int, ...], int, int]:
        n_axes = self._plain("I")
        if not 1 <= n_axes <= _MOST_AXES:
            raise self._damaged(f"a tensor of {n_axes:,} axes is declared")
        axes = [self._plain("Q") for _ in range(n_axes)]
        return tuple(reversed(axes)), self._plain("I"), self._plain("Q")

    def _value(self, kind: int | None = None, deep: int = 0) -> Any:
        kind = self._plain("I") if kind is None else kind
        if kind in _PLAIN:
            return self._plain(_PLAIN[kind])
        if kind == _TEXT:
            return self._text()
        if kind != _ARRAY or deep == _MOST_NESTED:
            raise self._damaged(f"a value of the kind {kind:,} is declared")
        inside = self._plain("I")
        code = _PLAIN.get(inside)
        n = self._count("values", struct.calcsize(f"<{code}") if code else 8)
        if code is None:
            return [self._value(inside, deep + 1) for _ in range(n)]
        values = struct.unpack_from(f"<{n}{code}", self._content, self._at)
        self._at += struct.calcsize(f"<{n}{code}")
        return list(values)

    def _plain(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self._content, self._at)
        self._at += struct.calcsize(f"<{code}")
        if self._at > _MOST_HEADER:
            raise self._damaged(f"its header is longer than {_MOST_HEADER:,} bytes")
        return value

    def _text(self) -> str:
        length = self._count("characters", 1)
        text = self._content[self._at : self._at + length].decode()
        self._at += length
        return text

    def _count(self, what: str, least: int) -> int:
        """A declared number of things, each of at least so many bytes; `DamagedRun` where they cannot be there."""
        n: int = self._plain("Q")
        if n * least > min(self._size, _MOST_HEADER) - self._at:
            raise self._damaged(f"{n:,} {what} are declared, more than it holds")
        return n

    def _damaged(self, why: str) -> DamagedRun:
        return DamagedRun(f"{self._path} is damaged: {why}; copy it again.")
