"""`explorer.export`: the explorer as a folder of files, which opens in a browser without a server."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, UnknownName, whole_number
from groklens.explorer.opened import Opened
from groklens.explorer.pages import INDEX, Pages
from groklens.explorer.parts import NEURON, parts_of
from groklens.explorer.pictures import pictures_of
from groklens.explorer.static import START, static_names
from groklens.progress import each, progress_shown
from groklens.runs import AnyRun, Run, as_path
from groklens.views import spread

#: Steps of a run that are exported unless more are asked for, and neurons whose own pages are.
MOST_STEPS, MOST_NEURONS = 24, 9
log = logging.getLogger("groklens")


def export(
    given: Iterable[AnyRun] | AnyRun,
    folder: str | Path,
    *,
    steps: Sequence[int] = (),
    explain: bool = False,
    parts: Iterable[Any] = (),
    progress: bool | None = None,
) -> Path:
    """Write the explorer over runs and sweeps as one folder, whose `index.html` opens without a server or a network.

    Args:
        given: paths of runs and sweeps, names of example runs, or runs; one or several.
        folder: a new folder, or an empty one.
        steps: kept steps that are to be there besides the (at most) 24 spread over each run, with the pages of their
            parts; those of the last step are always there. Of neurons the first nine that its picture shows have one.
        explain: whether to explain each run, which takes seconds for each.
        parts: classes of your own that the runs were trained with.
        progress: whether to show a bar; by default on a terminal and in a notebook.

    Raises `BadArgument` where nothing that is given can be looked at, or the folder holds something.

    >>> export(["runs/mine", "mod23"], "explored")  # doctest: +SKIP
    """
    root = as_path(folder, "a new folder")
    _check_new(root)
    wanted = [whole_number("step", step, 0) for step in steps]
    opened = Opened.of(given, parts)
    opened.check()
    pages = Pages(opened, lambda run: exported_steps(run, wanted))
    _check_kept(wanted, pages)
    beside = root.with_name(f"{root.name}.{os.getpid()}.tmp")
    try:
        with progress_shown(progress):
            for name in each(list(_names(pages, wanted, explain)), "writing file"):
                path = beside / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(pages.file(name).data)
        if root.exists():
            root.rmdir()
        os.replace(beside, root)
    except OSError as error:
        raise BadArgument(
            f"Cannot write {root}: {error.strerror or error}; give a folder of yours."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return root


def exported_steps(run: Run, wanted: Sequence[int]) -> list[int]:
    """Steps of a run that are exported: spread over all, and those wanted that it has kept."""
    return sorted({*spread(run.steps, MOST_STEPS), *(step for step in wanted if step in run.steps)})


def _check_new(root: Path) -> None:
    try:
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise BadArgument(f"{root} is there already; give a new folder, such as --export explored.")
    except OSError as error:
        raise BadArgument(
            f"Cannot write {root}: {error.strerror or error}; give a folder of yours."
        ) from error


def _check_kept(wanted: Sequence[int], pages: Pages) -> None:
    kept = {step for steps in pages.steps.values() for step in steps}
    unknown = [step for step in wanted if step not in kept]
    if unknown:
        raise UnknownName(f"No run has kept step {unknown[0]:,}; groklens info PATH lists the kept steps.")


def _names(pages: Pages, wanted: Sequence[int], explain: bool) -> Iterator[str]:
    """The files of the folder; the one that is opened comes last, so that half a folder is seen to be none."""
    yield from (*(name for name in static_names() if name != START), INDEX)
    for id, steps in pages.steps.items():
        if not steps:
            continue
        yield f"data/run/{id}.js"
        if explain:
            yield f"data/run/{id}/why.js"
        for step in steps:
            yield f"data/run/{id}/step/{step}.js"
            if step == steps[-1] or step in wanted:
                yield from (f"data/run/{id}/step/{step}/part/{name}.js" for name in _parts(pages, id))
    yield START


def _parts(pages: Pages, id: str) -> list[str]:
    """The parts whose pages are exported, as their files are called: of neurons those that are drawn."""
    looked = pages.looked(id)
    try:
        parts = parts_of(looked)
        drawn = [each for each in pictures_of(looked, looked.last) if each.kind == "neurons"]
    except Exception:  # the page of the step says why
        log.debug("The parts of run %s are left out.", id, exc_info=True)
        return []
    shown = (
        [trace.name for trace in drawn[0].figure.plotly.data] if drawn else list(parts[NEURON])[:MOST_NEURONS]
    )
    return [
        f"{kind}-{part}" for kind, own in parts.items() for part in own if kind != NEURON or part in shown
    ]
