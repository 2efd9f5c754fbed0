"""Files of weights in a folder that are steps of one run, by the numbers in their names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from groklens.errors import BadArgument, DamagedRun
from groklens.runs.readers.containers import SeveralModels, weights_in
from groklens.runs.readers.model_files import model_among
from groklens.runs.readers.shards import is_index
from groklens.runs.readers.step_names import counted_in, two_ways
from groklens.runs.readers.weight_content import WEIGHTS, content_of

_SHARD = re.compile(r"-of-\d+")
_MOST_FOLDERS = 10_000
#: Files that a message names, and that are looked into.
NAMED = 6


def files_by_step(folder: Path) -> tuple[dict[int, Path], list[str]]:
    """Files of weights by the step in their name, and the names of the other files.

    Raises `BadArgument` where two kinds of names count steps, or two names of one kind count the same.

    >>> files_by_step(Path("nowhere"))
    ({}, [])
    """
    files = weights_in_folder(folder) or one_per_folder(folder)
    kinds = _kinds(folder, files)
    steps = {kind: found for kind, found in kinds.items() if len(found) > 1}
    if len(steps) > 1:
        steps = {kind: found for kind, found in steps.items() if holds_weights(found[max(found)])}
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
    listed = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return (
        f"{folder} holds files of weights whose names do not say that they are steps of one run ({listed}); give one "
        f"of them, such as gl.load({str(folder / names[0])!r}), or name steps of one run step_100.pt, step_200.pt, …"
    )


def _kinds(folder: Path, files: list[Path]) -> dict[str, dict[int, Path]]:
    """Files by the form of their names and by step, which is the first number that differs between them."""
    groups: dict[str, list[tuple[list[int], Path]]] = defaultdict(list)
    for file in files:
        name = str(file.relative_to(folder).as_posix())
        check_one_way(folder / name, name)
        kind, numbers = counted_in(name)
        if numbers:
            groups[kind].append((numbers, file))
    return {kind: _by_step(folder, found) for kind, found in groups.items()}


def check_one_way(path: Path, name: str) -> None:
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
        f"{folder} holds several files of step {twice} ({', '.join(names[:NAMED])}); give a folder with one file a "
        "step."
    )


def weights_in_folder(folder: Path) -> list[Path]:
    """Files of weights that stand in a folder, by their names.

    >>> weights_in_folder(Path("nowhere"))
    []
    """
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


def one_per_folder(folder: Path) -> list[Path]:
    """Files of weights that stand each in a folder of its own."""
    try:
        inside = [
            weights_in_folder(entry) for entry in sorted(folder.iterdir())[:_MOST_FOLDERS] if entry.is_dir()
        ]
    except OSError:
        return []
    models = [model_among(files) for files in inside]
    return [file for file in models if file is not None]


def holds_weights(file: Path) -> bool:
    """Whether a file holds the weights of a model, or of several; a damaged one says so when it is opened."""
    try:
        return weights_in(content_of(file)) is not None
    except (DamagedRun, SeveralModels):
        return True  # said when it is opened
