"""Reader of logs of losses without weights: JSON, CSV, torch or .npz files with columns such as `train_losses`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun
from groklens.runs.file_checks import check_size
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.containers import SeveralModels, weights_in
from groklens.runs.readers.load_arguments import LoadArguments, with_taken
from groklens.runs.readers.losses import columns_in, history_of
from groklens.runs.readers.safe_loading import one_line, read_json_file, reading
from groklens.runs.readers.weight_content import WEIGHTS, content_of
from groklens.runs.run import Run
from groklens.tasks import Probe

NAME = "loss_log"
_TEXTS = (".json", ".jsonl", ".csv", ".tsv")
_MOST_LINES = 128 * 2**20
_UNITS = ("units", "loss_units", "unit")


def recognises(path: Path) -> bool:
    """Whether `path` is a file with columns of losses or accuracies, and no weights."""
    if not path.is_file() or path.suffix not in (*WEIGHTS, *_TEXTS):
        return False
    try:
        content = _content(path)
        return columns_in(content) is not None and weights_in(content) is None
    except (DamagedRun, SeveralModels):
        return False


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The losses as the history of a run that has no steps: there are no weights to look at.

    Units of losses are "unknown" unless the file says them (`units`). The task may be given and is not needed.

    >>> read(Path("losses.json")).steps  # doctest: +SKIP
    []
    """
    told = told or LoadArguments()
    told.refuse(path, "model", "config", why="holds losses and no weights")
    content = _content(path)
    with reading(path):
        columns = columns_in(content)
        if columns is None:
            raise DamagedRun(f"{path} has no column of losses or accuracies; copy it again.")
        history, left_out = history_of(columns, _units(content, columns))
    known: dict[str, Any] = {"holds": "losses without weights"} | ({"left out": left_out} if left_out else {})
    if told.task is not None:
        return foreign_run(path.stem, told.task, {}, NAME, known=known, history=history)
    known = with_taken(known, {"task": "none is in the file, and what stands for it is a probe of one token"})
    return foreign_run(path.stem, Probe([[0]]), {}, NAME, known=known, history=history)


def _units(content: object, columns: dict[str, list[float]]) -> dict[str, str]:
    said = (
        next((content[name] for name in _UNITS if name in content), None)
        if isinstance(content, dict)
        else None
    )
    if isinstance(said, dict):
        return {str(name): str(unit) for name, unit in said.items()}
    return {name: said for name in columns if "loss" in name.lower()} if isinstance(said, str) else {}


def _content(path: Path) -> Any:
    if path.suffix in WEIGHTS:
        return content_of(path)
    if path.suffix == ".json":
        return read_json_file(path)
    check_size(path, _MOST_LINES)
    try:
        with open(path, encoding="utf-8", newline="") as file:
            if path.suffix == ".jsonl":
                return [json.loads(line) for line in file if line.strip()]
            return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise DamagedRun(f"{path} is no complete log ({one_line(error)}); copy it again.") from error
