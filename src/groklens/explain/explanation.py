"""An explanation: when, with what, and how we know."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from groklens.capture import RunLike, Snapshot
from groklens.circuits import Circuit
from groklens.circuits.finding import Finding, Verdict
from groklens.harmonics import ComponentName

SCHEMA = 1


@dataclass(frozen=True)
class Phase:
    """One phase of training; `start` and `end` are intervals between kept steps, None for what never came.

    An interval (lo, hi] is the last kept step before the event and the first at or after it; (0, 0) is the
    beginning of training.
    """

    name: str
    start: tuple[int, int] | None
    end: tuple[int, int] | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"name": self.name, "start": _listed(self.start), "end": _listed(self.end)}


@dataclass(frozen=True)
class Explanation:
    """When, how and why a run generalised, or that it did not, with evidence that could have refuted it.

    `verdict` is that of the claim "this model generalises by this circuit". `table` holds the measures over
    steps, `final` the last snapshot. Print it, show it in a notebook, or write it with `to_html`, `to_json`.
    """

    run: str
    task: str
    generalised: bool
    algorithm: str
    verdict: Verdict
    key_components: list[ComponentName]
    circuit: Circuit | None
    phases: list[Phase]
    findings: list[Finding]
    table: xr.Dataset = field(repr=False)
    final: Snapshot = field(repr=False)
    #: What was explained; pictures of activations over steps look at it.
    source: RunLike = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the table, the snapshot and the run, as JSON values."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "task": self.task,
            "generalised": self.generalised,
            "algorithm": self.algorithm,
            "verdict": self.verdict,
            "key_components": list(self.key_components),
            "circuit": None if self.circuit is None else self.circuit.to_dict(),
            "phases": [phase.to_dict() for phase in self.phases],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """The explanation as JSON text, written to `path` when given."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """The report as one self-contained HTML page, written to `path` when given."""
        from groklens.views import report

        page = report(self).html
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def __str__(self) -> str:
        from groklens.explain.text import as_text

        return as_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from groklens.views import findings, summary

        still = findings(self)._repr_mimebundle_()["image/png"]
        return {"text/html": summary(self), "image/png": still, "text/plain": str(self)}


def _listed(interval: tuple[int, int] | None) -> list[int] | None:
    return None if interval is None else list(interval)
