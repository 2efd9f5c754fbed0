"""The plan of a sweep, `sweep.json`: its axes, and which runs are trained at once, written before the first is."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun, RecipeMismatch, shown
from groklens.recipes import Recipe, canonical
from groklens.runs import RunPaths, read_json, write_atomically
from groklens.sweeps.axes import Axis, Cell
from groklens.training import first_stack

#: Where stacks of a sweep that are not finished are.
WORKING = "unfinished"
_SCHEMA = 1


@dataclass(frozen=True)
class Member:
    """One run of a sweep: the id of its recipe, its place on the axes, and its folder within the sweep's."""

    id: str
    place: tuple[int, ...]
    folder: str


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep consists of: axes, and stacks of runs that are trained at once, whoever trains them."""

    recipe: Mapping[str, Any]
    axes: tuple[Axis, ...]
    stacks: tuple[tuple[Member, ...], ...]
    threads: int
    device: str
    stack: int | None = None  # of older folders it is not known

    @property
    def members(self) -> tuple[Member, ...]:
        """Every run, stack by stack."""
        return tuple(member for stack in self.stacks for member in stack)

    def write(self, root: Path) -> None:
        """Write the plan, atomically and under its own digest."""
        values = self._values()
        values["sha256"] = _digest(values)
        write_atomically(RunPaths(root).sweep, (json.dumps(values, indent=1) + "\n").encode())

    @classmethod
    def read(cls, root: Path) -> SweepPlan:
        """Read the plan of the sweep in a folder; `DamagedRun` where it is not what was written."""
        path = RunPaths(root).sweep
        values = read_json(path)
        if values.get("schema") != _SCHEMA:
            raise DamagedRun(
                f"{path} has schema {values.get('schema')!r}; this version reads schema {_SCHEMA}."
            )
        if values.pop("sha256", None) != _digest(values):
            raise DamagedRun(f"{path} is not what was written: its checksum differs. Copy it again.")
        axes = tuple(Axis(each["name"], tuple(each["values"])) for each in values["axes"])
        stacks = tuple(
            tuple(Member(each["id"], tuple(each["place"]), each["folder"]) for each in stack)
            for stack in values["stacks"]
        )
        outside = [each.folder for stack in stacks for each in stack if not _is_inside(each.folder)]
        if outside:
            raise DamagedRun(
                f"{path} says that a run is in {shown(outside[0])}, which is no folder of the sweep's."
            )
        plan = cls(values["recipe"], axes, stacks, values["threads"], values["device"], values.get("stack"))
        if not plan._is_whole():
            raise DamagedRun(
                f"{path} has not one run of its own for each place on its axes ({_shape(axes)})."
            )
        return plan

    def _is_whole(self) -> bool:
        """Whether each place on the axes has one run, in a folder of its own; a plan that lies may name a billion."""
        members, sizes = self.members, [len(axis.labels) for axis in self.axes]
        if len(members) != math.prod(sizes) or len({each.folder for each in members}) != len(members):
            return False
        return {each.place for each in members} == set(itertools.product(*map(range, sizes)))

    def check_is_of(self, recipes: Sequence[Recipe], axes: Sequence[Axis], root: Path) -> None:
        """Raise `RecipeMismatch` unless this plan, which is in the folder, is of these runs."""
        theirs, ours = {member.id for member in self.members}, {recipe.id for recipe in recipes}
        if ours == theirs and self.axes == tuple(axes):
            return
        raise RecipeMismatch(
            f"{root} holds another sweep ({_shape(self.axes)}: {len(theirs)} runs, {len(ours & theirs)} of them of "
            f"this one, which is {_shape(axes)}: {len(ours)}). Give another folder, or the sweep that was begun there."
        )

    def other_than(self, **asked: Any) -> dict[str, Any]:
        """What this plan has in place of what is asked for now, by name: such as `device`, where it is another."""
        known = {name: getattr(self, name) for name in asked}
        return {
            name: known[name]
            for name, value in asked.items()
            if value is not None and known[name] not in (None, value)
        }

    def _values(self) -> dict[str, Any]:
        return {
            "schema": _SCHEMA,
            "recipe": dict(self.recipe),
            "axes": [{"name": axis.name, "values": list(axis.labels)} for axis in self.axes],
            "threads": self.threads,
            "device": self.device,
            **({} if self.stack is None else {"stack": self.stack}),
            "stacks": [
                [{"id": each.id, "place": list(each.place), "folder": each.folder} for each in stack]
                for stack in self.stacks
            ],
        }


def stacked(
    recipes: Sequence[Recipe], cells: Sequence[Cell], largest: int, device: str
) -> tuple[tuple[Member, ...], ...]:
    """The runs in stacks of one shape and at most `largest`, in the order of the cells."""
    members = {
        recipe.id: Member(recipe.id, cell.place, cell.folder)
        for recipe, cell in zip(recipes, cells, strict=True)
    }
    left, stacks = list(recipes), []
    while left:
        chosen = first_stack(left, [0] * len(left), device)[:largest]
        taken = {recipe.id for recipe in chosen}
        left = [recipe for recipe in left if recipe.id not in taken]
        stacks.append(tuple(members[recipe.id] for recipe in chosen))
    return tuple(stacks)


def _is_inside(folder: str) -> bool:
    """Whether a name is that of a folder right inside the sweep's."""
    return folder == Path(folder).name and folder not in ("", "..")


def _shape(axes: Sequence[Axis]) -> str:
    return " × ".join(f"{len(axis.labels)} {axis.name}" for axis in axes)


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(dict(values)).encode()).hexdigest()
