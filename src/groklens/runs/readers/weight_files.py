"""Opening files of weights in any container, and folders with one such file per step: weights by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, DamagedRun
from groklens.runs.readers.containers import SAY_STEPS, Found, SeveralModels, State, weights_in
from groklens.runs.readers.files_by_step import (
    NAMED,
    check_one_way,
    files_by_step,
    holds_weights,
    one_per_folder,
    uncounted,
    weights_in_folder,
)
from groklens.runs.readers.model_files import model_among
from groklens.runs.readers.safe_loading import read_config, reading
from groklens.runs.readers.shards import is_index
from groklens.runs.readers.step_names import counted_in, in_epochs, two_ways
from groklens.runs.readers.weight_content import content_of, is_of_weights

#: A configuration beside files of weights.
_CONFIGS = ("config.json", "cfg.json")


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


def _folder(folder: Path) -> Opened | None:
    files, others = files_by_step(folder)
    if not files:
        there = weights_in_folder(folder)
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
    check_one_way(folder, name)
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
    files = weights_in_folder(folder) or one_per_folder(folder)
    if len(files) > 1 and sum(map(holds_weights, files[:NAMED])) > 1:
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
