"""The files of the explorer's page by name, made when they are asked for: the same for a server and for a folder."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from threading import Lock
from typing import Any, NamedTuple

from groklens.errors import UnknownName, shown
from groklens.explain import run_facts
from groklens.explorer.as_script import as_script, plain
from groklens.explorer.looked_at import LookedAt
from groklens.explorer.opened import Opened, said
from groklens.explorer.part_data import part_values
from groklens.explorer.parts import parts_of
from groklens.explorer.run_data import run_values
from groklens.explorer.static import SCRIPT, File, static_file
from groklens.explorer.step_data import step_values
from groklens.explorer.sweep_data import sweep_values
from groklens.explorer.why_data import why_values
from groklens.models import draws_nothing
from groklens.progress import progress_shown
from groklens.runs import Run
from groklens.threads import one_thread

INDEX = "data/index.js"
#: Where the explanation of a run is: made when it is asked for, among the files that are there, or nowhere.
ASKED, HERE, ABSENT = "asked", "here", "absent"
#: Bytes of what was made that are kept, and runs whose last snapshots are.
_KEPT, _WARM = 256 * 2**20, 4
_NAME = re.compile(
    r"data/run/(?P<id>0|[1-9][0-9]{0,8})"
    r"(?:\.js|(?P<why>/why)\.js|/step/(?P<step>0|[1-9][0-9]{0,17})(?:\.js|/part/(?P<kind>[a-z]+)-(?P<part>[0-9.]{1,18})\.js))"
)
#: Held while a model that draws random numbers is looked at: it sets those of the process, and puts them back.
_DRAWING = Lock()


class _Asked(NamedTuple):
    """What a name asks for of a run: its whole, why, a step of it, or a part at a step."""

    id: str
    why: bool = False
    step: int | None = None
    part: tuple[str, str] | None = None


class _Unknown(UnknownName):
    """There is no file of that name."""


class Pages:
    """The files of the explorer over what is opened, at some steps of each run (all, unless told otherwise).

    A name is looked up among the ids, steps and parts that there are, and never joined to a folder. Files of one
    turn (`turn_of`) are made one at a time: whoever asks from several threads sees to that. What cannot be made is a
    file with a note that says why.
    """

    def __init__(
        self, opened: Opened, steps: Callable[[Run], Sequence[int]] | None = None, why: str = ASKED
    ) -> None:
        self.opened, self.why = opened, why
        self._warm: OrderedDict[str, LookedAt] = OrderedDict()
        self._kept: OrderedDict[str, File] = OrderedDict()
        self._lock = Lock()
        self.steps: Mapping[str, list[int]] = {
            id: [] if each.run is None else list(each.run.steps if steps is None else steps(each.run))
            for id, each in opened.runs.items()
        }

    def turn_of(self, name: str) -> str:
        """What a file is made of, one at a time: the id of a run, or the index; empty for files that are there."""
        found = _NAME.fullmatch(name)
        if found is None or found["id"] not in self.opened.runs:
            return INDEX if name == INDEX else ""
        return found["id"]

    def file(self, name: str) -> File:
        """The file of this name; `UnknownName` where there is none."""
        own = static_file(name)
        if own is not None:
            return own
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        values = self._values(name)
        made = File(as_script(name.removesuffix(".js"), values), SCRIPT)
        if "note" not in values:  # what failed may be mended meanwhile
            self._keep(name, made)
        return made

    def looked(self, id: str) -> LookedAt:
        """The run of this id with what is kept of it; of runs that were not looked at for longest nothing is."""
        with self._lock:
            run = self.opened.runs[id].run
            assert run is not None
            looked = self._warm.setdefault(id, LookedAt(run))
            self._warm.move_to_end(id)
            while len(self._warm) > _WARM:
                self._warm.popitem(last=False)
            return looked

    def _keep(self, name: str, made: File) -> None:
        with self._lock:
            self._kept[name] = made
            while len(self._kept) > 1 and sum(len(each.data) for each in self._kept.values()) > _KEPT:
                self._kept.popitem(last=False)

    def _values(self, name: str) -> dict[str, Any]:
        """What a data file says; a note where it cannot be made."""
        if name == INDEX:
            return self._index()
        asked = self._asked(name)
        opened = self.opened.runs[asked.id]
        if opened.run is None:
            return {"note": opened.note}
        try:
            looked = self.looked(asked.id)
            with one_thread(), progress_shown(False), _alone(looked):
                return self._of_run(asked, looked, name)
        except _Unknown:
            raise
        except Exception as error:  # whatever is in the files of others, and whatever their models do
            return {"note": said(error)}

    def _asked(self, name: str) -> _Asked:
        found = _NAME.fullmatch(name)
        if found is None or found["id"] not in self.opened.runs:
            raise _unknown(name)
        step = None if found["step"] is None else int(found["step"])
        if step is not None and step not in self.steps[found["id"]]:
            raise _unknown(name)
        part = None if found["part"] is None else (found["kind"], found["part"])
        return _Asked(found["id"], found["why"] is not None, step, part)

    def _of_run(self, asked: _Asked, looked: LookedAt, name: str) -> dict[str, Any]:
        if asked.why:
            return why_values(looked)
        if asked.step is None:
            return run_values(looked, asked.id, run_facts(looked.run, looked.final))
        if asked.part is None:
            return step_values(looked, asked.step)
        kind, id = asked.part
        part = parts_of(looked).get(kind, {}).get(id)
        if part is None:
            raise _unknown(name)
        return part_values(looked, asked.step, part)

    def _index(self) -> dict[str, Any]:
        runs = [
            {
                "id": each.id,
                "name": each.name,
                **_facts(each.run),
                "steps": self.steps[each.id],
                "step_known": each.run is None or each.run.step_known,
                "note": each.note,
            }
            for each in self.opened.runs.values()
        ]
        sweeps = [sweep_values(each) for each in self.opened.sweeps.values()]
        return {"version": version("groklens"), "why": self.why, "runs": runs, "sweeps": sweeps}


def _unknown(name: str) -> _Unknown:
    return _Unknown(f"The explorer has no file {shown(name)}; data/index.js names the runs and their steps.")


def _alone(looked: LookedAt) -> AbstractContextManager[Any]:
    return nullcontext() if draws_nothing(looked.final.anatomy.model) else _DRAWING


def _facts(run: Run | None) -> dict[str, str]:
    """The task and the model of a run as the index says them; a model that cannot be described says why."""
    if run is None:
        return {"task": "", "model": ""}
    try:
        kind = str(run.model.get("kind", ""))
    except Exception as error:  # a damaged checkpoint
        kind = said(error)
    return {"task": plain(run.task.name), "model": plain(kind)}
