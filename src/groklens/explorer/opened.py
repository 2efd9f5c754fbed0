"""What the explorer is given, opened: runs and sweeps by ids of its own, with a note for each that cannot be."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from groklens import examples
from groklens.errors import BadArgument, DamagedRun, GroklensError, shown
from groklens.explorer.as_script import plain
from groklens.runs import AnyRun, Run, RunPaths, as_path, as_run, load
from groklens.sweeps import SweepRuns
from groklens.sweeps import load as load_sweep

log = logging.getLogger("groklens")
#: Entries of a folder of runs that are looked at.
_MOST = 1_000


@dataclass(frozen=True)
class OpenedRun:
    """A run by its id, or why it cannot be looked at."""

    id: str
    name: str
    run: Run | None = None
    note: str | None = None


@dataclass(frozen=True)
class OpenedSweep:
    """A sweep by its id, with the ids of its runs in their order, or why it cannot be looked at."""

    id: str
    name: str
    runs: SweepRuns | None = None
    ids: tuple[str, ...] = ()
    note: str | None = None


@dataclass
class Opened:
    """Every run and sweep that the explorer shows, by ids that are numbers of their order and never names of files."""

    runs: dict[str, OpenedRun] = field(default_factory=dict)
    sweeps: dict[str, OpenedSweep] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Iterable[AnyRun] | AnyRun, parts: Iterable[Any] = ()) -> Opened:
        """What is at each path: a run, an example run by its name, a sweep, or a folder of runs; or runs themselves.

        What cannot be opened is kept with a note that says why. Raises `BadArgument` where nothing is given.
        """
        several = [given] if isinstance(given, (str, Path, Run)) else list(given)  # type: ignore[arg-type]
        if not several:
            raise BadArgument("There is nothing to explore; name runs or sweeps: groklens show runs/mine.")
        found, parts = cls(), tuple(parts)
        for each in several:
            if isinstance(each, (str, Path)):
                found._add_path(as_path(each, "the folder of a run or sweep"), parts)
            else:
                found._add_run(type(each).__name__, lambda each=each: as_run(each))
        return found

    def check(self) -> None:
        """Raise `BadArgument`, which says why, where nothing of all that was given can be looked at."""
        notes = [run.note for run in self.runs.values()] + [sweep.note for sweep in self.sweeps.values()]
        if notes and None not in notes:
            more = f" (And {len(notes) - 1} more that cannot be looked at.)" if len(notes) > 1 else ""
            raise BadArgument(f"There is nothing to explore. {notes[0]}{more}")

    def _add_path(self, path: Path, parts: tuple[Any, ...]) -> None:
        if not _is_there(path) and str(path) in examples.names():
            self._add_run(str(path), lambda: examples.load(str(path)))
        elif _is_file(RunPaths(path).sweep):
            self._add_sweep(path, parts)
        elif inside := _runs_inside(path):
            for each in inside:
                self._add_path(each, parts)
        else:
            self._add_run(path.name or str(path), lambda: _with_its_model(load(path, parts=parts)))

    def _add_run(self, name: str, open_it: Any) -> str:
        id = str(len(self.runs))
        try:
            run = open_it()
            steps = run.steps
        except Exception as error:  # whatever is in the files of others
            self.runs[id] = OpenedRun(id, plain(name), note=said(error))
            return id
        note = None if steps else f"{plain(run.name)} has kept no step, so there is nothing to look at."
        self.runs[id] = OpenedRun(id, plain(run.name), run if steps else None, note)
        return id

    def _add_sweep(self, path: Path, parts: tuple[Any, ...]) -> None:
        id, name = f"s{len(self.sweeps)}", plain(path.name or path.absolute().name)
        try:
            runs = load_sweep(path, parts)
            count = len(runs)
        except Exception as error:  # whatever is in the files of others
            self.sweeps[id] = OpenedSweep(id, name, note=said(error))
            return
        ids = tuple(self._add_run(f"{name}, run {i + 1}", lambda i=i: runs[i]) for i in range(count))
        self.sweeps[id] = OpenedSweep(id, name, runs, ids)


def _with_its_model(run: Run) -> Run:
    """The run; `BadArgument` where it is of a module of somebody's own, which has to be given to whatever opens it."""
    if run.steps and run.model.get("hooked"):
        try:
            run.at(run.steps[-1])
        except BadArgument as error:
            raise BadArgument(f"{error} Then hand over that run: gl.explorer.export(run, folder).") from error
        except DamagedRun:
            pass  # said where that step is looked at
    return run


def said(error: Exception) -> str:
    """Why something cannot be looked at, in a sentence; what is nobody's mistake but ours is logged with its place."""
    if isinstance(error, GroklensError):
        return shown(str(error), 1_000)
    log.warning("What was to be shown cannot be made.", exc_info=error)
    return shown(f"It cannot be looked at: {type(error).__name__}: {error}", 1_000)


def _runs_inside(path: Path) -> list[Path]:
    """The runs and sweeps right inside a folder that is none itself."""
    try:
        if not path.is_dir() or _is_file(RunPaths(path).header):
            return []
        entries = sorted(islice(path.iterdir(), _MOST))
    except OSError:  # `load` says why
        return []
    return [each for each in entries if any(map(_is_file, (RunPaths(each).header, RunPaths(each).sweep)))]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
