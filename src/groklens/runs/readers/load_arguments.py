"""`LoadArguments`: the task, model and configuration that a user passes to `gl.load`, for readers to use or refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from groklens.errors import BadArgument, described
from groklens.runs.foreign import TAKEN
from groklens.tasks import Task


@dataclass(frozen=True)
class LoadArguments:
    """What was passed to `load`: the task, a model for the weights, and configuration that files leave open.

    >>> LoadArguments(config={"act_fn": "gelu"}).config["act_fn"]
    'gelu'
    """

    task: Task | None = None
    model: Any = None
    config: Mapping[str, Any] = field(default_factory=dict)

    def refuse(self, path: Path, *names: str, why: str) -> None:
        """Raise `BadArgument` where one of these was passed to a reader that has no use for it."""
        for name in names:
            if getattr(self, name) is not None and (name != "config" or self.config):
                raise BadArgument(f"{path} {why}; leave {name}= out.")

    def task_or(self, own: Task, path: Path, said: str) -> Task:
        """The task given, if it has the inputs that the file describes (named by `said`), or the file's `own`."""
        if self.task is None or self.task == own:
            return own
        same = torch.equal(self.task.inputs, own.inputs) and self.task.d_vocab_out == own.d_vocab_out
        if not same:
            raise BadArgument(
                f"{path} says {said}, so its inputs and answers are those of {own.name}, and task= says "
                f"{self.task.name}; leave task= out."
            )
        return self.task

    def config_or(self, own: Mapping[str, Any], open_names: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """The configuration from the file (`own`), completed by what was passed and by defaults.

        Raises `BadArgument` where the file says otherwise, or for what its format does not know.
        """
        for name, value in self.config.items():
            if name in open_names and name not in own:
                continue
            if name not in own:
                raise BadArgument(
                    f"{path} is of a format in which {name} is nothing that could be said; leave it out of config=."
                )
            if own[name] != value:
                raise BadArgument(
                    f"{path} says itself that {name} is {described(own[name])}, and config= says {described(value)}; "
                    "leave it out of config=."
                )
        return {**open_names, **self.config, **own}

    def not_said(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the assumed values `taken` that neither file nor user gave."""
        return {name: value for name, value in taken.items() if name not in self.config}


def with_taken(known: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    """The known facts, with the assumed values under `taken for granted`, if any.

    >>> with_taken({"p": 113}, {"act_fn": "relu"})
    {'p': 113, 'taken for granted': {'act_fn': 'relu'}}
    """
    return {**known, **({TAKEN: dict(taken)} if taken else {})}
