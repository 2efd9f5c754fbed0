"""Whether a run begins with weights that answer its test inputs already: training before it may have been on those."""

from __future__ import annotations

from groklens.evidence.mostly_known import most_are_known
from groklens.runs import Run
from groklens.snapshots import Snapshot, scores

#: What a fork may begin with that its parent's split says nothing of.
_OTHERS = {"weights", "task"}


def warm_start(run: Run, final: Snapshot) -> int | None:
    """The first kept step of a run, where most of its test inputs are known there (`most_are_known`); None elsewhere.

    Of those that were wrong at first, as most are in any other run, it is seen here that they were learned without
    being trained on. Of these it is not: what trained the weights before is not recorded. None too where there are no
    steps before the one that is judged, and where training from fresh weights, by a recipe, recorded the split.
    """
    run = run.origin
    first = min(run.steps)
    if final.test_index is None or not len(final.test_index) or final.task.is_stream:
        return None
    if final.split_recorded and not begins_with_others(run):
        return None
    is_judged = first == final.step or len(run.steps) == 1
    if is_judged and not final.split_recorded:  # as of a lone model, it is asked there anyway
        return None
    return first if most_are_known(final, scores(run.at(first), "test").accuracy) else None


def begins_with_others(run: Run) -> bool:
    """Whether a fork, or the run that it goes on from, was given other weights than its parent's, or another task."""
    return any(_OTHERS & changed for changed in _changes(run))


def others_put_in_before(run: Run) -> bool:
    """Whether those, or another split, came before the first step of this run: no step of it shows how they were."""
    return any((_OTHERS | {"train_fraction"}) & changed for changed in _changes(run)[1:])


def _changes(run: Run) -> list[set[str]]:
    """The names of what each fork changed that led to a run, its own first."""
    found, link = [], run.origin.parent
    while link is not None:
        found.append(set(link.get("changed") or ()))
        link = link.get("parent")
    return found
