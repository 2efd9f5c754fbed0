"""Files of weights by their ending, and folders with one file a step."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, DamagedRun
from groklens.runs.files import read_tensors
from groklens.runs.kinds import check_archive, check_safetensors, is_archive
from groklens.runs.readers.containers import Found, State, as_tensors, weights_in
from groklens.runs.readers.safe import read_config, read_torch, reading, remembered

TORCH = (".pt", ".pth", ".ckpt", ".bin", ".tar")
WEIGHTS = (*TORCH, ".safetensors", ".npz")
_SHARD = re.compile(r"-of-\d+")
_MOST_FOLDERS = 10_000
#: A configuration beside files of weights.
_CONFIGS = ("config.json", "cfg.json")
#: What a number in a name counts where it counts no steps.
_NO_STEP = re.compile(
    r"(seed|mod|run|fold|trial|exp|rank|layers?|heads?|lr|wd|frac|width|dim|(^|[^a-z])p)[-_=]?$", re.I
)
_COUNTED = re.compile(r"(?:step|epoch|iter|iteration|ckpt|checkpoint)[-_=]?(\d+)|^(\d+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """Weights by step, each read when it is asked for, the last ones read already."""

    path: Path
    states: dict[int, Callable[[], State]]
    last: State
    said: dict[str, Any] = field(default_factory=dict)
    counted: bool = True
    #: The file that each step is in.
    files: dict[int, Path] = field(default_factory=dict)
    #: Files of weights beside them that are no steps of this run.
    left_out: list[str] = field(default_factory=list)
    content: Any = None


def content_of(path: Path) -> Any:
    """What a file of weights holds: tensors and plain containers, whatever wrote it; nothing in it is run.

    Raises `DamagedRun` for a file that is damaged, declares more than it holds, or would have to be unpickled.

    >>> content_of(Path("model.npz"))["embed.W_E"].shape  # doctest: +SKIP
    torch.Size([114, 128])
    """
    if path.suffix == ".safetensors":
        return remembered(path, _tensors)
    if path.suffix == ".npz":
        return remembered(path, _arrays)
    return read_torch(path)


def open_weights(path: Path) -> Opened | None:
    """The weights in a file, or in a folder with one file a step; None where there are none."""
    if path.is_dir():
        return _folder(path)
    if path.suffix not in WEIGHTS or not path.is_file():
        return None
    content = content_of(path)
    with reading(path):
        found = weights_in(content)
    if found is None:
        return None
    states = {step: _already(state) for step, state in found.states.items()}
    last = found.states[max(found.states)]
    files = dict.fromkeys(states, path)
    return Opened(path, states, last, found.said, found.counted, files, content=content)


def files_by_step(folder: Path) -> tuple[dict[int, Path], list[str]]:
    """Files of weights by the one number in their names that varies, and the names of the others.

    Raises `BadArgument` where two kinds of names count steps.

    >>> files_by_step(Path("nowhere"))
    ({}, [])
    """
    files = _files(folder) or _one_a_folder(folder)
    groups: dict[str, dict[int, Path]] = defaultdict(dict)
    for file in files:
        for kind, step in _places(str(file.relative_to(folder))):
            groups[kind][step] = file
    steps = {kind: found for kind, found in groups.items() if len(found) > 1}
    if len(steps) > 1:
        steps = {kind: found for kind, found in steps.items() if _holds_weights(found[max(found)])}
    if len(steps) > 1:
        raise BadArgument(
            f"{folder} holds more than one file a step ({', '.join(sorted(kind for kind in steps)[:4])}), so it cannot "
            "be told which are the model's; give a folder with those alone."
        )
    chosen = next(iter(steps.values()), {}) or _alone(folder, files)
    return chosen, [file.name for file in files if file not in chosen.values()]


def _files(folder: Path) -> list[Path]:
    try:
        there = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        file for file in there if file.suffix in WEIGHTS and not _SHARD.search(file.name) and file.is_file()
    ]


def _one_a_folder(folder: Path) -> list[Path]:
    """Files of weights in folders of their own, one in each."""
    try:
        inside = [_files(entry) for entry in sorted(folder.iterdir())[:_MOST_FOLDERS] if entry.is_dir()]
    except OSError:
        return []
    return [files[0] for files in inside if len(files) == 1]


def _places(name: str) -> list[tuple[str, int]]:
    """Each number of a name as the step that it might be, with what is left of the name."""
    numbers = [match for match in re.finditer(r"\d+", name) if len(match[0]) < 19]
    found = [match for match in numbers if not _NO_STEP.search(name[: match.start()])]
    return [(f"{name[: match.start()]}*{name[match.end() :]}", int(match[0])) for match in found]


def _alone(folder: Path, files: list[Path]) -> dict[int, Path]:
    """The one file of weights in a folder, where its name says its step."""
    names = [str(file.relative_to(folder).with_suffix("")) for file in files]
    said = [match for name in names if (match := _COUNTED.search(name))]
    if len(files) != 1 or not said:
        return {}
    return {int(next(number for number in said[0].groups() if number)[:18]): files[0]}


def _holds_weights(file: Path) -> bool:
    try:
        return weights_in(content_of(file)) is not None
    except DamagedRun:
        return True  # said when it is opened


def _folder(folder: Path) -> Opened | None:
    files, others = files_by_step(folder)
    if not files:
        return None
    content = content_of(files[max(files)])
    last = _one(files[max(files)], content)
    if last is None:
        return None
    states = {step: _later(file) for step, file in files.items()}
    final = next(iter(last.states.values()))
    states[max(files)] = _already(final)
    said = _said_beside(folder) | last.said
    return Opened(folder, states, final, said, files=files, left_out=others, content=content)


def _said_beside(folder: Path) -> dict[str, Any]:
    """What a configuration in the folder says of all its steps."""
    file = next((folder / name for name in _CONFIGS if (folder / name).is_file()), None)
    return {} if file is None else read_config(file)


def _one(file: Path, content: Any) -> Found | None:
    with reading(file):
        found = weights_in(content)
    return found if found is not None and len(found.states) == 1 else None


def _already(state: State) -> Callable[[], State]:
    return lambda: state


def _later(file: Path) -> Callable[[], State]:
    def read() -> State:
        found = _one(file, content_of(file))
        if found is None:
            raise DamagedRun(
                f"{file} holds no weights of one model, as the files beside it do; copy it again."
            )
        return next(iter(found.states.values()))

    return read


def _tensors(path: Path) -> dict[str, Tensor]:
    check_safetensors(path)
    return read_tensors(path)


def _arrays(path: Path) -> dict[str, Any]:
    """The arrays of an .npz file, each no larger than it says; objects in it are refused, never unpickled."""
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
    """Refuse arrays that declare more than their entries hold, before numpy takes memory for them."""
    import math
    import zipfile

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
