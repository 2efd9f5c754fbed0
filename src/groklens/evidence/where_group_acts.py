"""Saying of a finding on which inputs it was made, where a task's group acts on some of them only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from groklens.claims import Finding
from groklens.snapshots import Snapshot


def said_where(whole: Snapshot, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each with a note on which inputs it was made; unchanged where the group acts on every input."""
    acting, every = len(whole.where_group_acts.task.labels), len(whole.task.labels)
    if acting == every:
        return list(findings)
    said = f"on the {acting:,} of {every:,} inputs where the group acts"
    return [replace(each, note="; ".join(filter(None, (each.note, said)))) for each in findings]
