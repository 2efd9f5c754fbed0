"""The header of a run: what it is, what wrote it, and which checkpoints belong to it."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from groklens.errors import DamagedRun
from groklens.recipes import Recipe
from groklens.runs.files import read_json, write_json
from groklens.tasks import Task, task_from_spec

SCHEMA = 1


@dataclass
class Header:
    """`run.json` in memory. A recorded run has no recipe, but a task, a model and a train index."""

    task: Task
    model: dict[str, Any]
    recipe: Recipe | None = None
    train_index: list[int] | None = None
    finished: bool = False
    checkpoints: dict[int, str] = field(default_factory=dict)  # step → SHA-256
    environment: dict[str, Any] = field(default_factory=dict)
    history_sha256: str | None = None

    def write(self, path: Path) -> None:
        """Write the header, atomically."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "id": None if self.recipe is None else self.recipe.id,
            "recipe": None if self.recipe is None else self.recipe.to_dict(),
            "task": self.task.spec(),
            "model": self.model,
            "train_index": None if self.recipe is not None else self.train_index,
            "environment": self.environment,
            "finished": self.finished,
            "history_sha256": self.history_sha256,
            "checkpoints": {str(step): digest for step, digest in sorted(self.checkpoints.items())},
        }
        write_json(path, values)

    @classmethod
    def read(cls, path: Path) -> Header:
        """Read `run.json`; `DamagedRun` for an unknown schema, missing fields or an edited recipe."""
        values = read_json(path)
        if values.get("schema") != SCHEMA:
            raise DamagedRun(
                f"{path} has schema {values.get('schema')!r}; this version reads schema {SCHEMA}. "
                "Use the version of groklens that wrote it."
            )
        try:
            recipe = None if values["recipe"] is None else Recipe.from_dict(values["recipe"])
            header = cls(
                task=recipe.task if recipe else task_from_spec(values["task"]),
                model=values["model"],
                recipe=recipe,
                train_index=values["train_index"],
                finished=values["finished"],
                checkpoints={int(step): digest for step, digest in values["checkpoints"].items()},
                environment=values["environment"],
                history_sha256=values["history_sha256"],
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DamagedRun(f"{path} does not describe a run: {error}.") from error
        if recipe is not None and recipe.id != values["id"]:
            raise DamagedRun(
                f"{path} names recipe {values['id']}, but the recipe in it has the id {recipe.id}: it was "
                "edited. Restore the file, or train the changed recipe into another folder."
            )
        return header


def environment(engine: str, device: str) -> dict[str, Any]:
    """What the bits of a result depend on besides the recipe, and the day it was trained on."""
    return {
        "groklens": _version("groklens"),
        "torch": torch.__version__,
        "transformer-lens": _version("transformer-lens"),
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "device": device,
        "engine": engine,
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
