"""Reader of transformers by TransformerLens' names: state dictionaries of ≤ 3, and `bridge.state_dict()` of 4.

In a file of any common container, in a file with many steps, or in a folder with one file per step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, ConfigNeeded, DamagedRun, TaskNeeded, described
from groklens.models.published import (
    biases_left_out,
    choices_left,
    full_config,
    granted,
    heads_of_bridge,
    left_open,
    names_of,
    saved_config,
    told_by,
)
from groklens.runs.readers import state_dict
from groklens.runs.readers.containers import State
from groklens.runs.readers.load_arguments import LoadArguments
from groklens.runs.readers.own_model import transformer_names
from groklens.runs.readers.safe_loading import check_weights, legacy_model, reading
from groklens.runs.readers.weight_files import Opened, open_weights
from groklens.runs.run import Run
from groklens.tasks import Task

NAME = "hooked_transformer"


def recognises(path: Path) -> bool:
    """Whether `path` holds weights called `blocks.0.attn.W_Q` and `embed.W_E`, or as TransformerLens 4 calls them."""
    try:
        opened = open_weights(path)
    except (DamagedRun, BadArgument):
        return False
    return opened is not None and names_of(transformer_names(opened.last)) is not None


def read(path: Path, told: LoadArguments | None = None) -> Run:
    """The weights as a run; the task is not in the files, nor all of the configuration, so they have to be given.

    Raises `TaskNeeded` without a task and `ConfigNeeded` where the weights leave the model open, both with the line to
    type; `BadArgument` where what is given is not what the file says.

    >>> config = {"act_fn": "relu", "normalization_type": None}
    >>> read(Path("model.pt"), LoadArguments(task, config=config))  # doctest: +SKIP
    """
    told = told or LoadArguments()
    opened = open_weights(path)
    if opened is None or (told.model is None and names_of(transformer_names(opened.last)) is None):
        raise DamagedRun(
            f"{path} holds no transformer by TransformerLens' names (embed.W_E, blocks.0.attn.W_Q, …)."
        )
    if told.model is not None:
        return state_dict.into_model(opened, told, NAME)
    opened = replace(opened, last=transformer_names(opened.last))
    file = opened.files[max(opened.files)]
    config = _settled(path, file, opened, told)
    task = told.task
    assert task is not None  # asked for above
    models = {
        step: partial(_model, opened.files[step], state, task, config)
        for step, state in opened.states.items()
    }
    models[max(models)]()  # what is wrong with the file is said now, not at the first use
    with reading(file):
        full = full_config(opened.last, config, task.n_ctx)
    return state_dict.run_of(opened, task, models, NAME, granted(full) | _zeros(opened.last, full))


def _zeros(weights: State, full: Mapping[str, Any]) -> dict[str, Any]:
    """The biases that the file leaves out and that are taken to be zero."""
    names = biases_left_out(weights, full)
    return {"biases": f"zero, as there is no {state_dict.some_names(names)}"} if names else {}


def _model(file: Path, state: Callable[[], State], task: Task, config: Mapping[str, Any]) -> Any:
    return legacy_model(file, transformer_names(state()), task, config)


def _settled(path: Path, file: Path, opened: Opened, told: LoadArguments) -> dict[str, Any]:
    """The configuration from the file and the user; `ConfigNeeded` where it is incomplete."""
    check_weights(file, opened.last)
    own = _own(file, opened)
    chosen = {**own, **told.config}
    _check_agrees(file, own, told.config)
    _ask(path, opened.last, chosen, told.task)
    rotary = chosen.get("positional_embedding_type") == "rotary" and names_of(opened.last) == "old"
    if rotary and not chosen.get("rotary_adjacent_pairs", True):
        raise BadArgument(
            f"{path} rotates pairs of entries that are not adjacent, which is not built here; give the model: "
            "gl.load(path, task=task, model=model)."
        )
    if names_of(opened.last) == "bridge":
        with reading(file):
            heads = heads_of_bridge(opened.last, int(chosen["n_heads"]))
        _check_agrees(file, heads, told.config)
    return chosen


def _own(file: Path, opened: Opened) -> dict[str, Any]:
    """What the file says of its model, in its configuration and by its weights, which must agree."""
    with reading(file):
        told = told_by(opened.last)
    said = saved_config(_of_model(opened.said), str(file))
    for name in said:
        if name in told and told[name] != said[name]:
            raise DamagedRun(
                f"{file} says that {name} is {described(said[name])}, and its weights are those of "
                f"{described(told[name])}; copy it again."
            )
    return said | told


def _check_agrees(file: Path, own: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Raise where the user's configuration contradicts the file's."""
    for name, value in config.items():
        if name in own and own[name] != value:
            raise BadArgument(
                f"{file} is of a model with {name}={described(own[name])}, and config= says {described(value)}; leave "
                "it out of config=."
            )


def _of_model(said: Mapping[str, Any]) -> dict[str, Any]:
    """Those values that belong to the model; `eps` without a norm beside it is an optimiser's."""
    return {name: value for name, value in said.items() if name != "eps" or "normalization_type" in said}


def _ask(path: Path, weights: State, known: Mapping[str, Any], task: Task | None) -> None:
    """Raise an error that gives the full line to type with the missing configuration."""
    lacking = left_open(known)
    examples = {"n_heads": "4", "act_fn": '"relu"', "normalization_type": "None", "attention_dir": '"causal"'}
    examples["positional_embedding_type"] = '"rotary"'
    config = ", ".join(f"{name}={examples[name]}" for name in lacking)
    spelt = "gl.ModularArithmetic(113, 'add')" if task is None else "task"
    line = f"gl.load({str(path)!r}, task={spelt}" + (f", config=dict({config}))" if lacking else ")")
    if not lacking and task is not None:
        return
    choices = [
        f"{name} ({' or '.join(map(repr, choices_left(name, weights)))})"
        for name in lacking
        if name != "n_heads"
    ]
    named = ", ".join([*(["n_heads"] if "n_heads" in lacking else []), *choices])
    if task is None:
        beside = f", nor the model's {named}" if lacking else ""
        raise TaskNeeded(f"{path} holds weights and not what they were trained on{beside}; say so: {line}.")
    raise ConfigNeeded(f"{path} holds weights that do not tell the model's {named}; say so: {line}.", lacking)
