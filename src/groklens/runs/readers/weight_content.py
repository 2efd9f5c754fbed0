"""The content of a file of weights in any container (.pt, .safetensors, .npz), whatever its name ends in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.file_checks import check_safetensors
from groklens.runs.file_kinds import container_of, told_apart
from groklens.runs.files import read_tensors
from groklens.runs.readers.array_files import read_arrays
from groklens.runs.readers.safe_loading import read_torch, remembered
from groklens.runs.readers.shards import is_index, joined

TORCH = (".pt", ".pth", ".ckpt", ".bin", ".tar")
WEIGHTS = (*TORCH, ".safetensors", ".npz")


def content_of(path: Path) -> Any:
    """The content of a file of weights, as tensors and plain containers, without executing anything in it.

    Raises `DamagedRun` for a file that is damaged, declares more than it holds, or would have to be unpickled.

    >>> content_of(Path("model.npz"))["embed.W_E"].shape  # doctest: +SKIP
    torch.Size([114, 128])
    """
    if is_index(path):
        return joined(path, content_of)
    kind = container_of(path) or path.suffix
    if kind in (".safetensors", ".npz") and (said := told_apart(path)):
        raise DamagedRun(said)
    if kind == ".safetensors":
        return remembered(path, _tensors)
    if kind == ".npz":
        return remembered(path, read_arrays)
    return read_torch(path)


def is_of_weights(path: Path) -> bool:
    """Whether a path is a file of weights, by its ending or, whatever that is, by its content.

    >>> is_of_weights(Path("nowhere"))
    False
    """
    return path.is_file() and (path.suffix in WEIGHTS or is_index(path) or container_of(path) is not None)


def _tensors(path: Path) -> dict[str, Tensor]:
    check_safetensors(path)
    return read_tensors(path)
