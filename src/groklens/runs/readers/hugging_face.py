"""Reader of language models that Hugging Face's transformers saved: checkpoints in a folder, one model, or the hub.

A folder of `checkpoint-STEP/` as its Trainer writes them, a folder with config.json and safetensors, or a name
on the hub with the revisions to read. What the models are shown is a task of the user's own, such as
`gl.Probe(tokens)`. Nothing but configurations and safetensors is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, DamagedRun, TaskNeeded
from groklens.models.published import bridge_from_hugging_face, dropped_after, hugging_face_vocabulary
from groklens.runs.foreign import foreign_run
from groklens.runs.readers.files_by_step import files_by_step
from groklens.runs.readers.load_arguments import LoadArguments
from groklens.runs.readers.revision_names import placed
from groklens.runs.readers.safe_loading import read_config
from groklens.runs.readers.saved_model import check_saved_model
from groklens.runs.run import Run
from groklens.runs.steps import COUNTED
from groklens.tasks import Probe, Task

NAME = "hugging_face"
#: What stands beside the weights of an adapter (LoRA and its like), which are no model without another.
_ADAPTER = "adapter_config.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with a transformers config.json, or with `checkpoint-STEP/` that have one.

    A folder of an adapter alone is one too, and refused with the lines that merge it.
    """
    folders = _folders(path).values()
    return any(
        ((folder / "config.json").is_file() and not _has_steps(folder)) or (folder / _ADAPTER).is_file()
        for folder in folders
    )


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The checkpoints as a run, each opened when it is asked for; beside them a model of no step is left out.

    Raises `BadArgument` without a task, `DamagedRun` for a folder without a model, or when the last
    configuration cannot be read.

    >>> read(Path("runs/gpt2"), LoadArguments(Probe([[464, 3797]]))).steps  # doctest: +SKIP
    [500, 1000]
    """
    folders = _folders(path)
    if not folders:
        raise DamagedRun(f"{path} has neither config.json nor checkpoint-STEP/ folders with one.")
    for folder in folders.values():
        _check_whole(folder)
    task = _given(told or LoadArguments(), str(path))
    last = folders[max(folders)]
    known = read_config(last / "config.json")
    check_saved_model(last)
    models = {step: partial(_checked, folder, bridge_from_hugging_face) for step, folder in folders.items()}
    dated = _CHECKPOINT.fullmatch(last.resolve().name) is not None
    name = path.resolve().name
    return foreign_run(name, _fitted(task, last), models, NAME, known=known, step_known=dated)


def _has_steps(folder: Path) -> bool:
    """Whether a folder with a configuration holds one file per step, which folders of transformers never do."""
    if any(folder.glob("model*.safetensors")) or any(folder.glob("pytorch_model*")):
        return False
    try:
        return bool(files_by_step(folder)[0])
    except BadArgument:
        return True


def read_hub(
    name: str,
    revisions: Sequence[str] | Mapping[str, Any],
    told: LoadArguments | None = None,
    keep_downloads: bool = True,
) -> Run:
    """Revisions of a model on the hub as a run; each is fetched when it is asked for, and dropped after if wanted.

    `revisions` are names that hold their step, such as `"step1000"`, or names with their steps. Raises
    `BadArgument` without a task, for a local path, or for names that do not each tell where they belong.

    >>> read_hub("EleutherAI/pythia-14m", ["step0"], LoadArguments(Probe([[1, 2]]))).steps  # doctest: +SKIP
    [0]
    """
    if Path(name).exists():
        raise BadArgument(f"{name} is on this machine and has no revisions; leave revisions= out.")
    task, found = _given(told or LoadArguments(), name), placed(revisions)
    models = {
        each.place: partial(_fetched, name, revision, keep_downloads) for revision, each in found.items()
    }
    known: dict[str, Any] = {"name": name, "revisions": {key: each.place for key, each in found.items()}}
    if all(each.tokens is not None for each in found.values()):
        known["tokens"] = {each.place: each.tokens for each in found.values()}
    if any(each.step is None for each in found.values()):
        known[COUNTED] = "tokens"
    with nullcontext() if keep_downloads else dropped_after(name):
        task = _fitted(task, name, list(found)[-1])
    return foreign_run(name, task, models, NAME, known=known)


def _fetched(name: str, revision: str, keep: bool) -> Any:
    """The model at a revision; what had to be fetched for it is dropped again, unless it is to be kept."""
    with nullcontext() if keep else dropped_after(name):
        return bridge_from_hugging_face(name, revision)


def _folders(path: Path) -> dict[int, Path]:
    """Saved models by step; one whose name has no step is at step 0."""
    if not path.is_dir():
        return {}
    named = {_CHECKPOINT.fullmatch(folder.name): folder for folder in path.glob("checkpoint-*")}
    steps = {int(match[1]): folder for match, folder in named.items() if match and folder.is_dir()}
    if steps or not any((path / name).is_file() for name in ("config.json", _ADAPTER)):
        return steps
    own = _CHECKPOINT.fullmatch(path.resolve().name)
    return {int(own[1]) if own else 0: path}


def _check_whole(folder: Path) -> None:
    """Raise `BadArgument` for an adapter, with the lines that merge it into the model that it was trained on."""
    if (folder / _ADAPTER).is_file():
        raise BadArgument(
            f"{folder} holds an adapter ({_ADAPTER}), which is no model without the one that it was trained on; merge "
            "them and open what is saved: from peft import AutoPeftModelForCausalLM; AutoPeftModelForCausalLM"
            f".from_pretrained({str(folder)!r}).merge_and_unload().save_pretrained('merged')."
        )


def _checked(folder: Path, build: Callable[[Path], Any]) -> Any:
    check_saved_model(folder)
    return build(folder)


def _given(told: LoadArguments, where: str) -> Task:
    told.refuse(Path(where), "model", "config", why="is a model that its config.json describes")
    if told.task is None:
        raise TaskNeeded(
            f"{where} holds a language model and no inputs to look at it with; give them as tokens of its own: "
            "gl.load(path, task=gl.Probe(tokens)), where tokens are input × pos."
        )
    return told.task


def _fitted(task: Task, source: str | Path, revision: str | None = None) -> Task:
    """The probe with the number of tokens taken from the model."""
    vocabulary = hugging_face_vocabulary(source, revision)
    return task.fitted(vocabulary) if isinstance(task, Probe) else task
