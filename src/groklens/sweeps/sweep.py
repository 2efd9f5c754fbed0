"""`gl.Sweep`: one recipe over a grid or a list of values of its fields, trained in stacks that are fixed beforehand."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from groklens.errors import BadArgument, GroklensError, described, whole_number
from groklens.progress import part_of, progress_shown, tell
from groklens.recipes import Recipe, changed
from groklens.runs import FolderLock, RunPaths, as_path, check_place
from groklens.sweeps.axes import Axis, Cell, axes_of
from groklens.sweeps.plan import WORKING, SweepPlan, stacked
from groklens.sweeps.sweep_runs import SweepRuns
from groklens.sweeps.unit import Unit, train_unit
from groklens.tasks import check_can_be_made_again

#: Runs of one sweep: ten times what a phase diagram of 30 × 30 places and ten seeds has.
MOST_RUNS = 100_000


class SweepUnfinished(GroklensError, RuntimeError):
    """Some stacks of a sweep were not trained to their end, for a reason that is not the runs' own."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """A recipe over values of its fields: a grid, or a list of configurations.

    Args:
        recipe: what is changed.
        over: values by field, every combination of which is a run: `{"seed": range(8), "optimizer.weight_decay":
            (0.1, 1, 10)}`; fields of parts are written with a dot. Or a list of configurations, a mapping of fields to
            values each.

    Raises `BadArgument` for a field that is not there, for values that make no recipe, and where two places make the
    same one.

    >>> sweep = gl.Sweep(recipe, over={"seed": range(8), "optimizer.weight_decay": (0.1, 1, 10)})  # doctest: +SKIP
    >>> sweep.run("runs/decay").events().generalised.median("seed")  # doctest: +SKIP
    """

    recipe: Recipe
    over: Any

    def __post_init__(self) -> None:
        if not isinstance(self.recipe, Recipe):
            raise BadArgument(
                f"A sweep is of a recipe, and {described(self.recipe)} was given; make one: gl.Recipe(…)."
            )
        if self.recipe.start is not None:
            raise BadArgument(
                "The recipe is of a fork, which begins with its parent's weights; sweep over the parent's recipe, or "
                "fork each run: gl.fork(run, step, into, …)."
            )
        _ = self.recipes

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes, in the order of `over`."""
        return tuple(self._laid_out[0])

    @cached_property
    def recipes(self) -> tuple[Recipe, ...]:
        """The recipe of every place, the last axis fastest."""
        cells = self._laid_out[1]
        found: dict[str, Cell] = {}
        recipes = []
        for cell in cells:
            recipe = changed(self.recipe, cell.changes)
            if recipe.id in found:
                raise BadArgument(
                    f"{cell.folder} and {found[recipe.id].folder} make the same recipe; leave one of them out."
                )
            found[recipe.id] = cell
            recipes.append(recipe)
        return tuple(recipes)

    @cached_property
    def _laid_out(self) -> tuple[list[Axis], list[Cell]]:
        axes, cells = axes_of(self.over)
        if len(cells) > MOST_RUNS:
            raise BadArgument(
                f"The sweep has {len(cells):,} runs; at most {MOST_RUNS:,} are planned at once."
            )
        return axes, cells

    def run(
        self,
        into: str | Path,
        executor: Executor | None = None,
        *,
        stack: int | None = None,
        threads: int | None = None,
        device: str | None = None,
        progress: bool | None = None,
    ) -> SweepRuns:
        """Train every run into the folder `into`; the same call goes on after anything that ended it.

        Runs of one shape are trained at once in stacks, and a stack is the unit of work: which runs are in it is
        written down (`sweep.json`) before the first is trained, so that no number depends on who trains it, or on how
        many do.

        Args:
            into: the folder; each run gets one in it that says what is changed, such as `seed=0,weight_decay=0.1`.
            executor: any `concurrent.futures.Executor`, such as a `ProcessPoolExecutor` or that of a dask client
                (`client.get_executor()`), whose workers see the folder under the same path; this process when not
                given.
            stack: runs that are trained at once, at most; 8 when not given.
            threads: torch's threads for a stack; those of this process when the sweep is begun.
            device: where they are trained, `"cpu"` when not given.
            progress: whether to show a bar, one for all; by default on a terminal and in a notebook.

        Bits depend on stack, threads and device, so that a sweep keeps those that it was begun with; a later call that
        asks for others is warned.

        Runs whose loss is no longer finite are named in `failed`, and the others go on. Raises `RecipeMismatch` where
        the folder holds another sweep or a run, and `SweepUnfinished` where a stack was not trained to its end (a
        worker was killed, the disk is full, another process writes there): the same call, with a fresh executor, does
        the rest.
        """
        root = as_path(into, "a folder for the sweep")
        for recipe in self.recipes:
            check_can_be_made_again(recipe.task)
        stack, threads = _at_least_one("stack", stack), _at_least_one("threads", threads)
        plan = self._planned(root, stack, threads, device)
        by_id = {recipe.id: recipe for recipe in self.recipes}
        units = [
            Unit(root.resolve(), i, stack, tuple(by_id[each.id] for each in stack), plan.threads, plan.device)
            for i, stack in enumerate(plan.stacks)
        ]
        left = [unit for unit in units if not unit.is_done]
        with progress_shown(progress):
            lost = _here(left, len(units)) if executor is None else _there(left, len(units), executor)
        if lost:
            raise SweepUnfinished(_said(lost, len(units), into))
        shutil.rmtree(root / WORKING, ignore_errors=True)
        return SweepRuns(root)

    def _planned(self, root: Path, stack: int | None, threads: int | None, device: str | None) -> SweepPlan:
        """The plan of this sweep in the folder, written down now where there was none."""
        axes, cells = self._laid_out
        if not RunPaths(root).sweep.exists():
            check_place(root, "the sweep")
        with FolderLock(root):
            if RunPaths(root).sweep.exists():
                known = SweepPlan.read(root)
                known.check_is_of(self.recipes, axes, root)
                _warn_of(known.other_than(stack=stack, threads=threads, device=device), root)
                return known
            stack, threads, device = stack or 8, threads or torch.get_num_threads(), device or "cpu"
            stacks = stacked(self.recipes, cells, stack, device)
            plan = SweepPlan(self.recipe.to_dict(), tuple(axes), stacks, threads, device, stack)
            plan.write(root)
            return plan


def _at_least_one(name: str, given: int | None) -> int | None:
    return None if given is None else whole_number(name, given, 1, such_as=8)


def _warn_of(kept: Mapping[str, Any], root: Path) -> None:
    """Warn of what a call asks for and a sweep that is begun already does otherwise."""
    if kept:
        said = ", ".join(f"{name}={value!r}" for name, value in kept.items())
        warnings.warn(
            f"The sweep in {root} goes on as it was begun, with {said}; its numbers depend on it. For another, give "
            "another folder.",
            stacklevel=4,
        )


def _here(left: Sequence[Unit], count: int) -> dict[int, str]:
    """Train the stacks one after another in this process; what could not be trained, by the stack's number."""
    lost: dict[int, str] = {}
    done = count - len(left)
    for i, unit in enumerate(left):
        with part_of(f"stack {done + i + 1} of {count}: ", done + i, count):
            try:
                train_unit(unit)
            except GroklensError as error:
                lost[unit.number] = str(error)
    return lost


def _there(left: Sequence[Unit], count: int, executor: Executor) -> dict[int, str]:
    """Have the stacks trained by an executor; what could not be trained, by the stack's number."""
    lost: dict[int, str] = {}
    futures: dict[Future[Any], Unit] = {}
    for unit in left:
        try:
            futures[executor.submit(train_unit, unit)] = unit
        except Exception as error:  # an executor that is broken or shut down raises whatever it raises
            lost[unit.number] = _line(error)
    done = count - len(left)
    tell(f"stack {done} of {count} trained", done, count)
    for future in _as_completed(futures):
        try:
            future.result()
        except Exception as error:  # of the run, or of the worker that trained it
            lost[futures[future].number] = _line(error)
        else:
            done += 1
        tell(f"stack {done} of {count} trained", done, count)
    return lost


def _as_completed(futures: Iterable[Future[Any]]) -> Iterable[Future[Any]]:
    """The futures as they end; an interruption calls off those that have not begun."""
    waiting = list(futures)
    try:
        yield from as_completed(waiting)
    except BaseException:
        for future in waiting:
            future.cancel()
        raise


def _said(lost: dict[int, str], count: int, into: str | Path) -> str:
    named = "; ".join(f"stack {number}: {said}" for number, said in list(lost.items())[:3])
    more = f"; and {len(lost) - 3} more" if len(lost) > 3 else ""
    return (
        f"{len(lost)} of {count} stacks of the sweep in {into} were not trained to their end ({named}{more}). What was "
        "trained is there: the same call goes on, with a fresh executor where that one is broken."
    )


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
