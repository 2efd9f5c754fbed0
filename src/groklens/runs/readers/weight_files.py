"""Opening files of weights in any container (.pt, .safetensors, .npz), and folders with one such file per step."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, DamagedRun
from groklens.runs.file_checks import check_safetensors
from groklens.runs.file_kinds import container_of, told_apart
from groklens.runs.files import read_tensors
from groklens.runs.readers.array_files import read_arrays
from groklens.runs.readers.containers import SAY_STEPS, Found, SeveralModels, State, weights_in
from groklens.runs.readers.model_files import model_among
from groklens.runs.readers.safe_loading import read_config, read_torch, reading, remembered
from groklens.runs.readers.shards import is_index, joined
from groklens.runs.readers.step_names import counted_in, in_epochs, two_ways

TORCH = (".pt", ".pth", ".ckpt", ".bin", ".tar")
WEIGHTS = (*TORCH, ".safetensors", ".npz")
_SHARD = re.compile(r"-of-\d+")
_MOST_FOLDERS = 10_000
#: A configuration beside files of weights.
_CONFIGS = ("config.json", "cfg.json")
_NAMED = 6


@dataclass(frozen=True)
class Opened:
    """Weights by step, each read when it is asked for; the last are read already."""

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
    #: Whether the step of lone weights is said.
    dated: bool = True
    #: Another step that the last file says of itself than its name does.
    other_step: int | None = None

    @property
    def in_epochs(self) -> bool:
        """Whether steps are the epochs of the files' names, of which no file says the step."""
        last, said = max(self.states), [self.said.get(name) for name in SAY_STEPS]
        file = self.files[last]
        inside = file.relative_to(self.path).as_posix() if self.path in file.parents else ""
        return in_epochs(f"{self.path.resolve().name}/{inside}", last) and last not in said


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


def open_weights(path: Path) -> Opened | None:
    """The weights in a file, or in a folder with one file per step; None where there are none."""
    if path.is_dir():
        return _folder(path)
    if not is_of_weights(path):
        return None
    content = content_of(path)
    found = _weights(path, content)
    if found is None:
        return None
    found = _by_its_name(path, found)
    states = {step: _already(state) for step, state in found.states.items()}
    last = found.states[max(found.states)]
    files = dict.fromkeys(states, path)
    left_out = list(found.left_out)
    return Opened(path, states, last, found.said, found.counted, files, left_out, content, found.dated)


def _by_its_name(path: Path, found: Found) -> Found:
    """Lone weights that do not say their step, at the step in the name of their file, if there is one."""
    numbers = counted_in(path.name)[1]
    if found.dated or len(found.states) != 1 or not numbers or two_ways(path.name):
        return found
    return replace(found, states={numbers[0]: next(iter(found.states.values()))}, dated=True)


def files_by_step(folder: Path) -> tuple[dict[int, Path], list[str]]:
    """Files of weights by the step in their name, and the names of the other files.

    Raises `BadArgument` where two kinds of names count steps, or two names of one kind count the same.

    >>> files_by_step(Path("nowhere"))
    ({}, [])
    """
    files = _files(folder) or _one_per_folder(folder)
    kinds = _kinds(folder, files)
    steps = {kind: found for kind, found in kinds.items() if len(found) > 1}
    if len(steps) > 1:
        steps = {kind: found for kind, found in steps.items() if _holds_weights(found[max(found)])}
    if len(steps) > 1:
        raise BadArgument(
            f"{folder} holds more than one file per step ({', '.join(sorted(kind for kind in steps)[:4])}), so it "
            "cannot be told which are the model's; give a folder with those alone."
        )
    chosen = next(iter(steps.values()), {}) or (next(iter(kinds.values()), {}) if len(files) == 1 else {})
    return chosen, [file.name for file in files if file not in chosen.values()]


def uncounted(folder: Path, names: list[str]) -> str:
    """A message for files of weights whose names contain no step.

    >>> uncounted(Path("runs"), ["lr0.1.pt", "lr0.3.pt"]).split(";")[0]
    'runs holds files of weights whose names do not say that they are steps of one run (lr0.1.pt, lr0.3.pt)'
    """
    listed = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return (
        f"{folder} holds files of weights whose names do not say that they are steps of one run ({listed}); give one "
        f"of them, such as gl.load({str(folder / names[0])!r}), or name steps of one run step_100.pt, step_200.pt, …"
    )


def _kinds(folder: Path, files: list[Path]) -> dict[str, dict[int, Path]]:
    """Files by the form of their names and by step, which is the first number that differs between them."""
    groups: dict[str, list[tuple[list[int], Path]]] = defaultdict(list)
    for file in files:
        name = str(file.relative_to(folder).as_posix())
        _check_one_way(folder / name, name)
        kind, numbers = counted_in(name)
        if numbers:
            groups[kind].append((numbers, file))
    return {kind: _by_step(folder, found) for kind, found in groups.items()}


def _check_one_way(path: Path, name: str) -> None:
    """Raise `BadArgument` for a name whose number by thousands may be two numbers."""
    if number := two_ways(name):
        whole = int(number.replace("_", ""))
        raise BadArgument(
            f"{path} can be read as of step {whole:,} and as of step {number.partition('_')[0]}; name "
            f"it step_{whole}{path.suffix}, or put a word before the other number."
        )


def _by_step(folder: Path, found: list[tuple[list[int], Path]]) -> dict[int, Path]:
    for place in range(len(found[0][0])):
        steps = {numbers[place]: file for numbers, file in found}
        if len(steps) == len(found):
            return steps
    twice = Counter(numbers[0] for numbers, _ in found).most_common(1)[0][0]
    names = [str(file.relative_to(folder)) for numbers, file in found if numbers[0] == twice]
    raise BadArgument(
        f"{folder} holds several files of step {twice} ({', '.join(names[:_NAMED])}); give a folder with one file a "
        "step."
    )


def _files(folder: Path) -> list[Path]:
    try:
        there = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        file
        for file in there
        if (file.suffix in WEIGHTS or is_index(file))
        and not _SHARD.search(file.name)
        and not file.name.startswith(".")
        and file.is_file()
    ]


def _one_per_folder(folder: Path) -> list[Path]:
    """Files of weights that stand each in a folder of its own."""
    try:
        inside = [_files(entry) for entry in sorted(folder.iterdir())[:_MOST_FOLDERS] if entry.is_dir()]
    except OSError:
        return []
    models = [model_among(files) for files in inside]
    return [file for file in models if file is not None]


def _holds_weights(file: Path) -> bool:
    try:
        return weights_in(content_of(file)) is not None
    except (DamagedRun, SeveralModels):
        return True  # said when it is opened


def _folder(folder: Path) -> Opened | None:
    files, others = files_by_step(folder)
    if not files:
        there = _files(folder)
        lone = model_among(there) if len(there) > 1 or any(map(is_index, there)) else None
        if lone is not None:
            return _of_one_step(folder, lone, there)
        _check_uncounted(folder)
        return None
    content = content_of(files[max(files)])
    last = _one(files[max(files)], content)
    if last is None:
        return None
    states = {step: _later(file) for step, file in files.items()}
    final = next(iter(last.states.values()))
    states[max(files)] = _already(final)
    said = _said_beside(folder) | last.said
    others = [*others, *last.left_out]
    inside = next(iter(last.states)) if last.dated else max(files)
    other = inside if inside != max(files) else None
    return Opened(
        folder, states, final, said, files=files, left_out=others, content=content, other_step=other
    )


def _of_one_step(folder: Path, file: Path, there: list[Path]) -> Opened | None:
    """The model of a folder of one step, as trainers write them: its step is in the folder's name, if anywhere."""
    found = open_weights(file)
    if found is None or len(found.states) != 1:
        return found
    name = folder.resolve().name
    _check_one_way(folder, name)
    numbers = counted_in(name)[1]
    step, state = (numbers[0] if numbers else next(iter(found.states))), next(iter(found.states.values()))
    left_out = [*found.left_out, *(each.name for each in there if each != file)]
    return replace(
        found,
        path=folder,
        states={step: state},
        files={step: file},
        left_out=left_out,
        dated=bool(numbers) or found.dated,
    )


def _check_uncounted(folder: Path) -> None:
    """Raise where several files of weights have no steps in their names, rather than guess an order."""
    files = _files(folder) or _one_per_folder(folder)
    if len(files) > 1 and sum(map(_holds_weights, files[:_NAMED])) > 1:
        raise BadArgument(uncounted(folder, [str(file.relative_to(folder)) for file in files]))


def _said_beside(folder: Path) -> dict[str, Any]:
    """The configuration in the folder, which holds for all steps."""
    file = next((folder / name for name in _CONFIGS if (folder / name).is_file()), None)
    return {} if file is None else read_config(file)


def _one(file: Path, content: Any) -> Found | None:
    found = _weights(file, content)
    return found if found is not None and len(found.states) == 1 else None


def _weights(file: Path, content: object) -> Found | None:
    """The weights in a file's content; `BadArgument`, with the lines to type, where it holds several models."""
    try:
        with reading(file):
            return weights_in(content)
    except SeveralModels as several:
        raise BadArgument(several.told(file)) from None


def check_one_model(path: Path, content: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise `BadArgument` where a file holds several models beside what is under its format's own names `known`."""
    _weights(path, {name: value for name, value in content.items() if name not in known})


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
