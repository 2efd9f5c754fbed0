"""`gl.load`: opening a run, in our format or in any that a reader knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from groklens.errors import BadArgument, GroklensError, RunNotFound, described, did_you_mean
from groklens.models import Answer, answered, real_copy
from groklens.models.published import given_config
from groklens.parts import know
from groklens.runs.file_checks import check_regular
from groklens.runs.not_found import exists, nothing_at, nothing_known, owner_of
from groklens.runs.paths import RunPaths, as_path
from groklens.runs.readers import READERS, hugging_face
from groklens.runs.readers.load_arguments import LoadArguments
from groklens.runs.readers.own_model import check_takes_weights
from groklens.runs.readers.reader import Reader
from groklens.runs.readers.safe_loading import each_once
from groklens.runs.run import Run
from groklens.snapshots import TrainIndex, does_not_run
from groklens.tasks import Probe, Task, check_task, check_tokens


def load(
    path: str | Path,
    *,
    format: str | None = None,
    task: Task | None = None,
    model: Any = None,
    answer: Answer | None = None,
    config: Mapping[str, Any] | Any | None = None,
    train_index: TrainIndex | None = None,
    revisions: Sequence[str] | Mapping[str, Any] | None = None,
    keep_downloads: bool = True,
    verify: bool = False,
    parts: Iterable[Any] | type = (),
) -> Run:
    """Open the run at `path`: a folder that groklens wrote, or files in any format that a reader knows.

    Args:
        format: a reader's name, when recognising the format is not wanted: `"groklens"`, `"pizza"`,
            `"rep_theory"`, `"nanda"`, `"y_agent"`, `"grokking_demo"`, `"gguf"`, `"hugging_face"`,
            `"hooked_transformer"`, `"state_dict"`, `"loss_log"`.
        task: what was trained on, for formats whose files do not say; `gl.Probe(tokens)` for language models.
        model: one for the weights to be loaded into, for weights or runs of a class of your own; each step goes into a
            copy of it.
        answer: a function from what that model gives to its logits, where it gives a tuple or a mapping.
        config: what of a transformer its file does not say, in TransformerLens' names:
            `dict(act_fn="gelu", normalization_type=None, attention_dir="causal")`.
        train_index: the inputs trained on, as indices or a mask, for files that do not say their split.
        revisions: says that `path` is the name of a model on the Hugging Face hub, and which of its revisions
            make the run: names that hold their step (`["step0", "step1000"]`), names with their updates
            (`{"main": 143000}`) or with tokens seen (`{"main": (None, 300_000_000_000)}`), or some of
            `gl.revisions(path)`. Steps count updates; where tokens alone are told, tokens. Each revision is fetched
            when it is looked at.
        keep_downloads: whether what is fetched stays in the hub's cache; False drops each revision's files once it is
            read, and nothing that was there before.
        verify: check every file of a run of ours against its checksum first.
        parts: classes of your own that the run was trained with (`parts=[MyTask, MyOptimizer]`), and readers of your
            own, values with `recognises(path)` and `read(path, task)`, which are asked first. Nothing is ever
            imported because a file names it.

    Other people's files are opened without running anything in them; what neither they nor you say stands in
    `run.known["taken for granted"]`. Raises `RunNotFound` when there is no
    run, with those that are near, and `DamagedRun` when it is of an unknown schema
    or when a file is not what was written; the message names the file and says what to do. Raises `BadArgument`
    for an unknown format, where the file says another task, configuration or split, and for what a format has no use
    for; `TaskNeeded` and `ConfigNeeded`, with the line to type, where weights alone do not tell them; `PartNeeded` for
    a run that names classes of yours which `parts` lacks.

    >>> load("examples/runs/mod113").task.name  # doctest: +SKIP
    'a+b mod 113'
    """
    parts = list(parts) if isinstance(parts, Iterable) and not isinstance(parts, type) else [parts]
    know(part for part in parts if isinstance(part, type) or is_dataclass(part))
    if task is not None:
        check_task(task)
    model = _given_model(model, answer)
    told = LoadArguments(task, model, given_config(config))
    if revisions is not None:
        if format not in (None, hugging_face.NAME) or verify:
            raise BadArgument(
                "revisions= is for models on the Hugging Face hub; leave format= and verify= out."
            )
        return hugging_face.read_hub(str(path), revisions, told, keep_downloads).with_split(train_index)
    if not keep_downloads:
        raise BadArgument("keep_downloads= is for models on the Hugging Face hub; give revisions= as well.")
    root = as_path(path)
    if not exists(root):
        raise RunNotFound(nothing_at(root))
    check_regular(root)
    with each_once():
        run = _read_by_own(root, format, told, parts) or _open(root, format, told)
    if task is not None and run.task not in (task, _fitted(task, run.task)):
        raise BadArgument(
            f"{root} says that it was trained on {run.task.name}, and task= says {task.name}; leave task= out."
        )
    if verify:
        _verify(run, root)
    if model is not None and run.steps:
        _check_copies(model, run.task)
    if train_index is not None and not run.steps and run.format != "groklens":
        raise BadArgument(f"{root} holds no weights to look at by a split; leave train_index= out.")
    return run.with_split(train_index)


def _read_by_own(root: Path, format: str | None, told: LoadArguments, parts: Sequence[Any]) -> Run | None:
    """The run by the first of the user's own readers that recognises the path, or the one asked for by name."""
    for reader in parts:
        if isinstance(reader, type) or not isinstance(reader, Reader):
            continue
        if reader.name == format if format is not None else reader.recognises(root):
            run = reader.read(root, told.task)
            if not isinstance(run, Run):
                raise BadArgument(
                    f"The reader {reader.name!r} gave {described(run)} for {root}; `read` has to give a run: "
                    "gl.Run.of({0: model0, 100: model1}, task)."
                )
            return run
    return None


def _open(root: Path, format: str | None, told: LoadArguments) -> Run:
    if format not in (None, "groklens"):
        return _reader(str(format)).read(root.absolute(), told)
    if root.name == "run.json" and root.is_file():
        root = root.parent
    if format == "groklens" or RunPaths(root).header.is_file():
        told.refuse(root, "config", why="is a run of groklens, which says its own configuration")
        return Run(root, model=told.model)
    if owner_of(root) is not None:
        raise RunNotFound(nothing_known(root))
    root = root.absolute()  # the process may move before a step is read
    for reader in READERS:
        if reader.recognises(root):
            return reader.read(root, told)
    raise RunNotFound(nothing_known(root))


def _given_model(model: Any, answer: Answer | None) -> Any:
    if model is None:
        if answer is not None:
            raise BadArgument("answer= is of a model of yours; give it too: model=MyModel(...).")
        return None
    check_takes_weights(model)
    return answered(model, answer)


def _check_copies(model: Any, task: Task) -> None:
    """Raise `BadArgument` unless copies of the user's model compute with the weights loaded into them."""
    try:
        real_copy(model, task.inputs, task.d_vocab_out)
    except GroklensError:
        raise
    except Exception as error:  # a user's model raises whatever it raises
        raise BadArgument(does_not_run(task, task.inputs, error)) from error


def _verify(run: Run, root: Path) -> None:
    if run.path is None:
        raise BadArgument(
            f"{root} is of the format {run.format}, which has no checksums to verify; leave verify out."
        )
    run.verify()


def _fitted(task: Task, own: Task) -> Task:
    """The task, where it is a probe with the number of tokens taken from the model."""
    return task.fitted(check_tokens(own, "a probe's model")) if isinstance(task, Probe) else task


def _reader(name: str) -> ModuleType:
    known = {reader.NAME: reader for reader in READERS}
    if name not in known:
        names = ["groklens", *known]
        asked = did_you_mean(name, names) or "there is no such reader."
        raise BadArgument(f"format is {name!r}; {asked} Known are {', '.join(map(repr, names))}.")
    return known[name]
