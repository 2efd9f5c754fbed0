"""Reading and writing a run's files atomically and with checksums."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import DamagedRun, shown
from groklens.runs.file_checks import check_regular

#: Bytes that a run.json may have; a table of a million inputs has a tenth of them.
MOST_JSON = 256 * 2**20
#: Bytes of the name of a file, on all file systems in use.
_LONGEST_NAME = 255


def write_atomically(path: Path, data: bytes, *, parents: bool = True) -> str:
    """Write `data` to a temporary file, rename it to `path`, and return the SHA-256 of the data.

    Whoever reads `path` finds the old file or the whole new one. Folders that are not there are made, unless
    `parents` is False. Raises `DamagedRun` when the disk refuses; what `path` held before is then still there.
    """
    if _is_no_file(path):  # a file renamed to there would replace a device
        raise DamagedRun(f"Could not write {path}, which is no file; give the name of a file.")
    temporary = _beside(path)
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        if not parents:
            _sync_folder(
                path.parent
            )  # so that a power cut does not undo the renaming of one and not of another
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise DamagedRun(
            f"Could not write {path} ({len(data) / 2**20:.1f} MiB): {error.strerror or error}. What was "
            "written before is intact; make room or permission and call again."
        ) from error
    return hashlib.sha256(data).hexdigest()


def _is_no_file(path: Path) -> bool:
    """Whether there is something else than a file; `DamagedRun` for a name that no file can have."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:  # too long, a loop of links, a zero byte
        why = getattr(error, "strerror", None) or error
        raise DamagedRun(f"Could not write {shown(path)}: {why}. Give another name for the file.") from error


def _beside(path: Path) -> Path:
    """A name for a temporary file beside `path`, which is no longer than names may be where that of `path` is not."""
    ending = f".{os.getpid()}.tmp"
    if len(os.fsencode(path.name + ending)) > _LONGEST_NAME:
        return path.with_name(hashlib.sha256(os.fsencode(path.name)).hexdigest() + ending)
    return path.with_name(path.name + ending)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not on every file system
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: Path) -> str | None:
    """The SHA-256 of a file; None where it cannot be read."""
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except OSError:
        return None


def read_file(path: Path) -> bytes:
    """The bytes of a file; `DamagedRun` where it is missing, is no regular file, or cannot be read."""
    check_regular(path)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedRun(f"{path} is missing.") from error
    except OSError as error:
        raise DamagedRun(f"{path} cannot be read ({error.strerror or error}).") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; `DamagedRun` names the file when it is missing or broken."""
    check_regular(path)
    try:
        if path.stat().st_size > MOST_JSON:
            raise ValueError(f"{path.stat().st_size} bytes are more than any has")
        values = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DamagedRun(f"There is no {path}: {path.parent} is not a run of groklens.") from error
    except (ValueError, OSError, RecursionError, MemoryError) as error:
        raise DamagedRun(f"{path} is damaged and cannot be read as JSON ({error}).") from error
    if not isinstance(values, dict):
        raise DamagedRun(f"{path} holds a {type(values).__name__}, not the description of a run.")
    return values


def encode_tensors(tensors: dict[str, Tensor]) -> bytes:
    """Tensors as bytes in the safetensors format, copied, so that live weights may be passed."""
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()})


def read_tensors(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Tensors of a safetensors file; `DamagedRun` when it is missing, cut short, or not what was written."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = read_file(path)
    if not data:
        raise DamagedRun(f"{path} is empty (0 bytes); copy it again.")
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedRun(f"{path} is not the file that was written (its checksum differs).")
    try:
        return load(data)
    except (SafetensorError, ValueError) as error:
        raise DamagedRun(f"{path} is damaged ({' '.join(str(error).split())}).") from error
