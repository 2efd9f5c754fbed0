"""What the page shows of a run as a whole: its facts, curves, phases and events, and what can be looked at in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from groklens.claims import Phase
from groklens.errors import BadArgument, DamagedRun, UnknownName
from groklens.evidence import generalises, split_doubted, split_shows, track
from groklens.explain import find_phases, stage_phases
from groklens.explorer.as_script import figure_values, finite, plain
from groklens.explorer.looked_at import LookedAt
from groklens.explorer.opened import said
from groklens.explorer.parts import parts_of
from groklens.explorer.pictures import pictures_of
from groklens.measures import (
    excluded_loss,
    lacking,
    stages,
    sum_squared_weights,
    test_accuracy,
    test_loss,
    train_accuracy,
    train_loss,
)
from groklens.sweeps import events_of
from groklens.views import Figure, curves

#: What phases are dated by, and whether the split shows in the losses.
_DATED_BY = (train_accuracy, test_accuracy, train_loss, test_loss, excluded_loss, sum_squared_weights)
#: What is drawn of a run without a history, and of one whose split is not known either.
_BY_SPLIT, _OF_ALL = ("train_loss", "test_loss", "train_accuracy", "test_accuracy"), ("loss", "all_accuracy")
#: What has a step of its own.
_EVENTS = {
    "memorised": "train inputs known",
    "generalised": "test inputs known",
    "settled": "test loss settled",
}


def run_values(looked: LookedAt, id: str, facts: dict[str, str]) -> dict[str, Any]:
    """A run as a whole; `facts` are what is said of it line by line."""
    phases = phases_of(looked)
    curves_shown = _curves(looked, phases)
    return {
        "id": id,
        "name": plain(looked.name),
        "headline": None,
        "description": [[plain(name), plain(fact)] for name, fact in facts.items()] + _damage(looked),
        "curves": None if curves_shown is None else figure_values(curves_shown),
        "curves_text": None if curves_shown is None else curves_shown.text,
        "phases": [{**phase.to_dict(), "text": phase.when} for phase in phases],
        "events": _events(looked),
        "parts": {
            kind: [{"id": part.id, "name": plain(part.name)} for part in parts.values()]
            for kind, parts in parts_of(looked).items()
        },
        "kinds": [picture.kind for picture in pictures_of(looked, looked.last)],
    }


def phases_of(looked: LookedAt) -> list[Phase]:
    """The phases that `gl.explain` dates, from all kept steps; none where the split is doubted or does not show."""
    run, final = looked.run, looked.final
    if run.task.reference is not None:
        return stage_phases(stages(run))
    if split_doubted(final) or _is_one_step(looked):
        return []
    measures = [each for each in _DATED_BY if not lacking(each.about, final, looked.circuit)]
    table = track(run, measures, looked.circuit, progress=False)
    if not split_shows(run, final, table) and generalises(final).verdict == "supported":
        return []
    phases = find_phases(table)
    return phases if run.task.symmetry is not None else phases[:1]


def _is_one_step(looked: LookedAt) -> bool:
    return len(looked.run.steps) + len(looked.run.measured) < 2


def _has_history(looked: LookedAt) -> bool:
    with suppress(DamagedRun):
        return looked.run.history.sizes.get("step", 0) > 1
    return False


def _damage(looked: LookedAt) -> list[list[str]]:
    """Why there is no history, where it cannot be read; the kept steps are shown all the same."""
    try:
        looked.run.history  # noqa: B018 (it is read here)
    except DamagedRun as error:
        return [["History", said(error)]]
    return []


def _curves(looked: LookedAt, phases: list[Phase]) -> Figure | None:
    """Curves of the history, or of the kept steps where there is none that can be read; None where nothing moves."""
    if _is_one_step(looked) and not _has_history(looked):
        return None
    for names in (None, _BY_SPLIT):
        with suppress(BadArgument, UnknownName, DamagedRun):
            return curves(looked.run, names, phases=phases)
    return curves(looked.run, _OF_ALL, phases=phases)


def _events(looked: LookedAt) -> dict[str, float | None]:
    """The step of each event by its name in words, from the history; nothing where it says nothing of it."""
    try:
        table = events_of(looked.run)
    except (BadArgument, DamagedRun):
        return {}
    return {said_as: finite(table[name]) for name, said_as in _EVENTS.items()}
