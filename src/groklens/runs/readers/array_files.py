"""Reading numpy's archives of arrays (.npz) without unpickling anything or allocating more than they hold."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun
from groklens.runs.file_checks import check_archive, is_archive
from groklens.runs.readers.arrays_as_tensors import as_tensors


def read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of an .npz file, each no larger than it declares; pickled objects are refused."""
    import numpy as np

    check_archive(path)
    if not is_archive(path):
        raise DamagedRun(f"{path} is no complete .npz file ({path.stat().st_size} bytes); copy it again.")
    try:
        _check_arrays(path)
        with np.load(path, allow_pickle=False) as archive:
            return as_tensors({name: archive[name] for name in archive.files})
    except DamagedRun:
        raise
    except Exception as error:  # what others wrote can be wrong in more ways than can be listed
        said = " ".join(str(error).split())[:200]
        raise DamagedRun(
            f"{path} is no complete .npz file of plain arrays ({said}); copy it again."
        ) from error


def _check_arrays(path: Path) -> None:
    """Raise for arrays that declare more than their entries hold, before numpy allocates them."""
    from numpy.lib import format as npy

    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                version = npy.read_magic(file)
                header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _, dtype = header(file)
                if dtype.hasobject:
                    raise DamagedRun(
                        f"{path} holds Python objects in {entry.filename}, which could run code when opened, so it is "
                        "refused; save plain arrays: np.savez(path, **{name: weight.numpy() for …})."
                    )
                if math.prod(shape) * dtype.itemsize != entry.file_size - file.tell():
                    raise DamagedRun(
                        f"{path} declares {math.prod(shape):,} numbers in {entry.filename}, and {entry.file_size:,} "
                        "bytes are there; copy it again."
                    )
