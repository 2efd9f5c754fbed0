"""The header of a run (`run.json`): recipe, task, versions, and the checkpoints with their checksums."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from groklens.errors import DamagedRun, PartNeeded
from groklens.parts import check_at_hand
from groklens.recipes import Recipe, canonical
from groklens.runs.files import read_json, write_atomically
from groklens.runs.header_fields import Stopped, checked
from groklens.runs.history import Written
from groklens.tasks import Task, task_from_spec

#: 2 has a digest of the header itself and one of the task's examples; 1, of groklens 0.1, has neither.
SCHEMA = 2
_READ = (1, SCHEMA)


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
    #: What stands in the history: all of it in a finished run, else as much as stood there at the last kept step.
    history: Written | None = None
    #: The unit of the losses that a user's own loop reports.
    loss_units: str | None = None
    #: The rule that stopped the training before its recipe's end, and the step, kept for that if the recipe does not.
    stopped: Stopped | None = None
    #: The run that this one goes on from, its recipe's id and the step: of one that was extended or forked.
    parent: dict[str, Any] | None = None
    #: The schema that it was read in; what is written is of the newest.
    schema: int = SCHEMA

    def write(self, path: Path) -> None:
        """Write the header, atomically and under its own digest; `DamagedRun` where its folder is gone."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "id": None if self.recipe is None else self.recipe.id,
            "recipe": None if self.recipe is None else self.recipe.to_dict(),
            "task": self.task.spec(),
            "examples": self.task.digest,
            "model": self.model,
            "train_index": None if self.recipe is not None else self.train_index,
            "environment": self.environment,
            "finished": self.finished,
            "history_bytes": None if self.history is None else self.history.n_bytes,
            "history_sha256": None if self.history is None else self.history.sha256,
            "loss_units": self.loss_units,
            "checkpoints": {str(step): digest for step, digest in sorted(self.checkpoints.items())},
        }
        if self.stopped is not None:
            values["stopped_by"] = self.stopped._asdict()
        if self.parent is not None:
            values["parent"] = self.parent
        values["sha256"] = _digest(values)
        write_atomically(path, (json.dumps(values, indent=1) + "\n").encode(), parents=False)
        self.schema = SCHEMA

    @classmethod
    def read(cls, path: Path) -> Header:
        """Read `run.json`; `DamagedRun` for an unknown schema, missing or edited fields, or another task's examples.

        `PartNeeded` names the parts of a user's own in it that were not handed in.
        """
        values = read_json(path)
        schema = values.get("schema")
        if schema not in _READ or isinstance(schema, bool):
            raise DamagedRun(
                f"{path} has schema {schema!r}; this version reads schema {' and '.join(map(str, _READ))}. "
                "Use the version of groklens that wrote it."
            )
        try:
            fields = checked(values, schema)
            if schema == SCHEMA and values["sha256"] != _digest(values):
                raise DamagedRun(
                    f"{path} is not what was written (its checksum differs): it was edited or is damaged; restore it."
                )
            check_at_hand([values["task"], values["recipe"]], str(path))
            header = cls(schema=schema, **fields, **_what_was_learned(values))
        except (DamagedRun, PartNeeded):
            raise
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise DamagedRun(f"{path} does not describe a run: {str(error).rstrip('.')}.") from error
        header._check(path, values)
        return header

    def _check(self, path: Path, values: dict[str, Any]) -> None:
        """Check that recipe and task match the digests that the file gives for them."""
        if self.recipe is not None and self.recipe.id != values["id"]:
            raise DamagedRun(
                f"{path} names recipe {values['id']}, but the recipe in it has the id {self.recipe.id}: it was "
                "edited. Restore the file, or train the changed recipe into another folder."
            )
        strange = [step for step in self.checkpoints if not self._keeps(step)]
        if strange:
            raise DamagedRun(
                f"{path} lists step {strange[0]}, which its recipe does not keep: it was edited or is damaged; "
                "restore it."
            )
        if self.train_index and max(self.train_index) >= len(self.task.labels):
            raise DamagedRun(
                f"{path} names input {max(self.train_index)} as trained on, and {self.task.name} has "
                f"{len(self.task.labels)} inputs: it was edited or is damaged; restore it."
            )
        if self.schema == SCHEMA and self.task.digest != values["examples"]:
            raise DamagedRun(
                f"{path} is of a task whose examples have the digest {values['examples']}, and {self.task.name} as it "
                f"is here has {self.task.digest}: the task was changed since. Restore it, or train into another folder."
            )

    def go_on(self) -> None:
        """Forget that a rule stopped the training, and the step that is listed for that alone."""
        self.stopped = None
        self.checkpoints = {step: digest for step, digest in self.checkpoints.items() if self._keeps(step)}

    def _keeps(self, step: int) -> bool:
        recipe = self.recipe
        if recipe is None or step in (recipe.first_step, recipe.steps) or step < self.taken_over:
            return True
        if self.stopped is not None and step == self.stopped.step:
            return True
        return recipe.first_step < step < recipe.steps and recipe.keep.keeps(step)

    @property
    def taken_over(self) -> int:
        """The step below which kept steps are those of the run that this one extends; 0 for any other."""
        return int(self.parent["step"]) if self.parent is not None and self.parent["extended"] else 0


def environment(engine: str, device: str) -> dict[str, Any]:
    """What the bits of a result depend on besides the recipe (versions, threads, device), and the date of training."""
    on_card = torch.device(device).type == "cuda"
    card = {"card": torch.cuda.get_device_name(device)} if on_card else {}
    return card | {
        "groklens": _version("groklens"),
        "torch": torch.__version__,
        "transformer-lens": _version("transformer-lens"),
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "device": device,
        "engine": engine,
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def _what_was_learned(values: dict[str, Any]) -> dict[str, Any]:
    described = values["task"]
    if values["recipe"] is None:
        return {"recipe": None, "task": task_from_spec(described)}
    recipe = Recipe.from_dict(values["recipe"])
    if recipe.to_dict()["task"] != described:
        raise ValueError(f"its task and that of its recipe ({recipe.task.name}) differ")
    return {"recipe": recipe, "task": recipe.task}


def _digest(values: dict[str, Any]) -> str:
    """A digest of every field of the header but itself, independent of whitespace."""
    return hashlib.sha256(canonical({k: v for k, v in values.items() if k != "sha256"}).encode()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
