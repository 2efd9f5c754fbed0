"""Rows of a table that a run brings along, for steps whose weights were left out of this copy of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groklens.measures.kept_rows import HEADER, Row, decoded, json_in, row_in
from groklens.measures.measure import Measure
from groklens.runs import Run, RunPaths, identity_of


def brought_rows(run: Run, measures: Sequence[Measure], circuit: str) -> dict[int, Row]:
    """The rows, by step, of the steps that `run.measured` names; none where they are not of these measures.

    Each is of the weights that the run's header names for its step, and under a checksum of its own. Rows of another
    version of a measure, or relative to another circuit (its JSON), are left alone: the table then has the steps whose
    weights are here.
    """
    if not run.measured or run.path is None:
        return {}
    paths = RunPaths(run.path)
    header = json_in(paths.measured / HEADER) or {}
    if not _is_of(header, run, measures, circuit):
        return {}
    found = {step: row_in(paths.row(step)) for step in run.measured}
    rows = {
        step: _chosen(row, measures)
        for step, row in found.items()
        if row is not None and row["model"] == identity_of(run, step)
    }
    return {step: row for step, row in rows.items() if row is not None}


def _is_of(header: dict[str, Any], run: Run, measures: Sequence[Measure], circuit: str) -> bool:
    """Whether a table's header is of this run, and has each of the measures as it is taken today."""
    recipe = None if run.recipe is None else run.recipe.id
    known = header.get("measures")
    relative = any("circuit" in each.about.needs for each in measures)
    return (
        (header.get("task"), header.get("recipe")) == (run.task.digest, recipe)
        and (not relative or header.get("circuit") == circuit)
        and isinstance(known, dict)
        and all(known.get(each.__name__) == each.about.source for each in measures)
    )


def _chosen(row: dict[str, Any], measures: Sequence[Measure]) -> Row | None:
    """What the measures gave at a step; None where the row lacks one, or holds something else."""
    try:
        return decoded({each.__name__: row["values"][each.__name__] for each in measures})
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
