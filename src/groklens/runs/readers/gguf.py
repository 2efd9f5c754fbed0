"""Reader of language models in one GGUF file, as llama.cpp runs them: dequantised, with the tokenizer left beside."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from groklens.errors import TaskNeeded
from groklens.gguf_file import is_gguf, read_gguf
from groklens.models.published import bridge_from_gguf, check_gguf, gguf_vocabulary
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.load_arguments import LoadArguments
from groklens.runs.run import Run
from groklens.tasks import Probe

NAME = "gguf"


def recognises(path: Path) -> bool:
    """Whether `path` is a file that begins as GGUF files do, or is called so."""
    return is_gguf(path) or (path.suffix.lower() == ".gguf" and path.is_file())


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The model as a run of one step, 0, opened when it is asked for; `known` is what the header says.

    Raises `BadArgument` without a task, or for a kind of model that is not read, `DamagedRun` for a file that is cut
    short or whose header declares what it does not hold.

    >>> read(Path("model.gguf"), LoadArguments(Probe([[504, 3575]]))).steps  # doctest: +SKIP
    [0]
    """
    told = told or LoadArguments()
    told.refuse(path, "model", "config", why="is a model that its header describes")
    file = read_gguf(path)
    check_gguf(file)
    if told.task is None:
        raise TaskNeeded(
            f"{path} holds a language model and no inputs to look at it with; give them as tokens of its own: "
            "gl.load(path, task=gl.Probe(tokens)), with those of gl.tasks.tokenizer_of(path)."
        )
    task = told.task.fitted(gguf_vocabulary(file)) if isinstance(told.task, Probe) else told.task
    known = {key: value for key, value in file.says.items() if not isinstance(value, list)}
    return foreign_run(path.stem, task, {0: partial(_opened, path)}, NAME, known=known, step_known=False)


def _opened(path: Path) -> Any:
    return bridge_from_gguf(read_gguf(path))
