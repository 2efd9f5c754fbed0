"""`explorer.export`: the explorer as a folder of files, which opens in a browser without a server."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, UnknownName, whole_number
from groklens.explorer.opened import Opened
from groklens.explorer.pages import ABSENT, HERE, INDEX, Pages
from groklens.explorer.parts import NEURON, parts_of
from groklens.explorer.pictures import pictures_of
from groklens.explorer.static import START, static_names
from groklens.progress import each, part_of, progress_shown
from groklens.runs import AnyRun, Run, as_path, check_place, new_folder, refused
from groklens.views import spread

#: Steps of a run that are exported unless more are asked for, and neurons whose own pages are.
MOST_STEPS, MOST_NEURONS = 24, 9
#: Steps of all runs together, and the fewest of each.
_OF_ALL_RUNS, _FEWEST_STEPS = 96, 5
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
        steps: kept steps that are to be there besides the (at most) 24 spread over each run (of more than four runs
            fewer, down to 5), with the pages of their parts; those of the last step are always there. Of neurons the
            first nine that its picture shows have one.
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
    most = most_steps(sum(run.run is not None for run in opened.runs.values()))
    pages = Pages(opened, lambda run: exported_steps(run, wanted, most), HERE if explain else ABSENT)
    _check_kept(wanted, pages)
    with progress_shown(progress), new_folder(root) as beside:
        shown = [id for id, steps in pages.steps.items() if steps]
        _write(beside, pages, (*(name for name in static_names() if name != START), INDEX))
        for i, id in enumerate(shown):  # one after the other, for only a few are kept in memory
            with part_of(f"run {i + 1} of {len(shown)}: ", i, len(shown)):
                _write(beside, pages, _names(pages, id, wanted, explain))
        _write(beside, pages, [START])  # last, so that half a folder is seen to be none
    return root


def _check_new(root: Path) -> None:
    """Raise `BadArgument` for a folder that holds something, or a file."""
    try:
        check_place(root, "the explorer")
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise BadArgument(f"{root} is there already; give a new folder, such as --export explored.")
    except OSError as error:
        raise refused(root, error) from error


def exported_steps(run: Run, wanted: Sequence[int], most: int = MOST_STEPS) -> list[int]:
    """Steps of a run that are exported: spread over all, and those wanted that it has kept."""
    return sorted({*spread(run.steps, most), *(step for step in wanted if step in run.steps)})


def most_steps(n_runs: int) -> int:
    """Steps of each of so many runs: those of a sweep share what four runs have.

    >>> most_steps(1), most_steps(24)
    (24, 5)
    """
    return min(MOST_STEPS, max(_FEWEST_STEPS, _OF_ALL_RUNS // max(n_runs, 1)))


def _check_kept(wanted: Sequence[int], pages: Pages) -> None:
    kept = {step for steps in pages.steps.values() for step in steps}
    unknown = [step for step in wanted if step not in kept]
    if unknown:
        raise UnknownName(f"No run has kept step {unknown[0]:,}; groklens info PATH lists the kept steps.")


def _write(folder: Path, pages: Pages, names: Iterable[str]) -> None:
    for name in each(list(names), "writing file"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pages.file(name).data)


def _names(pages: Pages, id: str, wanted: Sequence[int], explain: bool) -> Iterator[str]:
    """The files of one run."""
    steps = pages.steps[id]
    yield f"data/run/{id}.js"
    if explain:
        yield f"data/run/{id}/why.js"
    for step in steps:
        yield f"data/run/{id}/step/{step}.js"
        if step == steps[-1] or step in wanted:
            yield from (f"data/run/{id}/step/{step}/part/{name}.js" for name in _parts(pages, id))


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
