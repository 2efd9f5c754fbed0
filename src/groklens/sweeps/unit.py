"""The unit of a sweep's work: one stack of runs, trained wherever the executor puts it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from groklens.errors import BadArgument, TrainingDiverged
from groklens.parts import know, parts_in
from groklens.recipes import Recipe
from groklens.runs import FolderLock, Header, RunPaths, read_json, write_atomically
from groklens.sweeps.plan import WORKING, Member
from groklens.tasks import own_tasks
from groklens.training import Options, is_finished, train_within


@dataclass(frozen=True)
class Unit:
    """One stack of a sweep: its number, its runs with their recipes, and how it is trained."""

    root: Path
    number: int
    members: tuple[Member, ...]
    recipes: tuple[Recipe, ...]
    threads: int
    device: str

    @property
    def working(self) -> Path:
        """Where its runs are until all of them have ended."""
        return self.root / WORKING / f"stack-{self.number:03d}"

    @property
    def outcome(self) -> Path:
        """Where it is written that they have, and which have failed."""
        return self.root / "stacks" / f"{self.number:03d}.json"

    @property
    def is_done(self) -> bool:
        """Whether all of its runs have ended and stand in the sweep's folder."""
        return self.outcome.is_file() and not self.missing

    @property
    def missing(self) -> list[Member]:
        """The runs that should stand in the sweep's folder and do not; one that has failed leaves what it kept."""
        failed = failures_of(self)
        absent = [each for each in self.members if not RunPaths(self.root / each.folder).header.is_file()]
        return [each for each in absent if each.id not in failed or (self.working / each.id).is_dir()]

    def check_room(self) -> None:
        """Raise `BadArgument` where something else stands in the folder of one of the runs."""
        for member in self.members:
            folder = self.root / member.folder
            if not os.path.lexists(folder):
                continue
            header = Header.read(RunPaths(folder).header) if RunPaths(folder).header.is_file() else None
            if header is None or header.recipe is None or header.recipe.id != member.id:
                raise BadArgument(
                    f"{folder} is there and is not the run of this sweep; move it away, and call again."
                )


def train_unit(unit: Unit) -> dict[str, str]:
    """Train one stack to its end and give the runs that have failed, by id, with what was said.

    Training goes on where a kill left it. Runs move to the sweep's folder when all of the stack have ended, so that one
    of which a run was deleted is trained again as it was: the last digits depend on the others.
    """
    know(part for recipe in unit.recipes for part in _parts(recipe))
    with FolderLock(unit.working):  # nobody else trains or moves these runs meanwhile
        if not unit.is_done:
            unit.check_room()
            if not unit.outcome.is_file() or any(not _trained(unit, each) for each in unit.missing):
                failed = _train(unit)
                write_atomically(unit.outcome, (json.dumps({"failed": failed}, indent=1) + "\n").encode())
            for member in unit.missing:
                os.replace(unit.working / member.id, unit.root / member.folder)
        shutil.rmtree(unit.working, ignore_errors=True)
    return failures_of(unit)


def failures_of(unit: Unit) -> dict[str, str]:
    """The runs of a stack that have failed, by id; none while it has not ended."""
    if not unit.outcome.is_file():
        return {}
    return {str(name): str(said) for name, said in read_json(unit.outcome).get("failed", {}).items()}


def _train(unit: Unit) -> dict[str, str]:
    with _threads(unit.threads):
        try:
            train_within(unit.working, {recipe.id: recipe for recipe in unit.recipes}, Options(unit.device))
        except TrainingDiverged as error:
            return dict(error.failed)
    return {}


def _trained(unit: Unit, member: Member) -> bool:
    """Whether a run has ended where it was trained: finished, or failed for good."""
    folder = unit.working / member.id
    recipe = next(each for each in unit.recipes if each.id == member.id)
    if not RunPaths(folder).header.is_file():
        return False
    return member.id in failures_of(unit) or is_finished(folder, recipe)


def _parts(recipe: Recipe) -> Sequence[object]:
    """What of a recipe may be of a user's own class; another process knows none of them yet."""
    values = [recipe.model, recipe.optimizer, recipe.loss, recipe.keep]
    held = [each for part in values if not isinstance(part, str) for each in parts_in(part)]
    return [*held, *own_tasks(recipe.task)]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Context in which torch has this many threads: what the plan says, whoever trains."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
