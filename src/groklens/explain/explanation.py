"""`Explanation`: the phases, circuit, algorithm and findings of a run, as text, JSON, notebook output or HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from groklens.claims import (
    FINDINGS,
    HEADINGS,
    Finding,
    Phase,
    Verdict,
    bibliography,
    by_key,
    by_role,
    with_key,
)
from groklens.errors import UnknownName
from groklens.harmonics import ComponentName
from groklens.hypotheses import Circuit
from groklens.runs import Run, write_result
from groklens.snapshots import Snapshot
from groklens.threads import one_thread

if TYPE_CHECKING:
    from groklens.forecasts import Forecast
    from groklens.views.renderers import Page

SCHEMA = 1


@dataclass(frozen=True, repr=False)
class Explanation:
    """When, how and why a run generalised, or that it did not, with the findings and controls for it.

    `verdict` is that of the claim "this model generalises by this circuit" (`groklens.claims.verdict_of` has the
    rule), `headline` the sentence that follows from it and the findings. `algorithm` is one word by a threshold:
    `memorised` is that of every model with a train accuracy of 0.99 and a test accuracy below, however many test inputs
    it answers, which the headline says. `table` holds the measures over steps, `final` the last snapshot. Print it,
    show it in a notebook, or write it with `to_html`, `to_json`.
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
    table: xr.Dataset
    final: Snapshot
    #: What was explained; pictures of activations over steps look at it.
    source: Run
    #: The last kept step at which the model generalised, where it no longer does.
    #: `gl.explain(run, steps=step)` judges it.
    generalised_at: int | None = None

    @property
    def headline(self) -> str:
        """One sentence that sums up the findings and says no more than they do."""
        from groklens.explain.headline import headline

        return headline(self)

    @property
    def about(self) -> dict[str, str]:
        """The facts of the run (model, training, data, steps, versions), one line each."""
        from groklens.explain.run_facts import run_facts

        return run_facts(self.source, self.final)

    @cached_property
    def forecast(self) -> Forecast | None:
        """Whether the run will still change, where the library of forecasts has runs like it; None elsewhere.

        Computed when it is first asked for (`gl.forecast` with its own horizon says more, of any run).
        """
        from groklens.forecasts import forecast_if_known

        return forecast_if_known(self.source, self.final.step)

    def finding(self, key: str) -> Finding:
        """The finding of this key (`groklens.claims.FINDINGS` lists them); `UnknownName` where there is none, and why.

        >>> why.finding("necessity.logits").value  # doctest: +SKIP
        """
        from groklens.explain.not_asked import why_not_asked

        if key in FINDINGS and key not in by_key(self.findings):
            raise UnknownName(f"{key!r} was not asked of {self.run}: {why_not_asked(self, key)}.")
        return with_key(self.findings, key, listed=FINDINGS)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON values, described by `groklens.explain.schema`, without table, snapshot and run."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "task": self.task,
            "generalised": self.generalised,
            "algorithm": self.algorithm,
            "verdict": self.verdict,
            "headline": self.headline,
            "key_components": list(self.key_components),
            "circuit": None if self.circuit is None else self.circuit.to_dict(),
            "phases": [phase.to_dict() for phase in self.phases],
            "findings": [finding.to_dict() for finding in self.findings],
            "forecast": None if self.forecast is None else self.forecast.to_dict(),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """The explanation as JSON text, written to `path` where one is given."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        if path is not None:
            write_result(Path(path).expanduser(), text.encode())
        return text

    def methods(self) -> str:
        """How the run was trained and looked at, as a paragraph for a paper; what is not recorded is said at its end.

        >>> print(why.methods())  # doctest: +SKIP
        """
        from groklens.explain.methods import methods

        return methods(self)

    def bibtex(self) -> str:
        """The works that the findings and the measures of the table come from, as BibTeX entries.

        >>> Path("sources.bib").write_text(why.bibtex())  # doctest: +SKIP
        """
        measured = (variable.attrs.get("source", "") for variable in self.table.data_vars.values())
        return bibliography([*(finding.source for finding in self.findings), *measured])

    def page(self) -> Page:
        """The report as a page that shows itself in a notebook and has a `save` method."""
        from groklens.report import report

        with one_thread():
            return report(self)

    def to_html(self, path: str | Path | None = None) -> str:
        """The report as one self-contained HTML page, written to `path` where one is given."""
        page: str = self.page().html
        if path is not None:
            write_result(Path(path).expanduser(), page.encode())
        return page

    def __repr__(self) -> str:
        return f"Explanation({self.headline!r})"

    def __str__(self) -> str:
        sections: dict[str, Sequence[Phase | Finding]] = {"When": self.phases} if self.phases else {}
        sections |= {HEADINGS[role]: own for role, own in by_role(self.findings).items()}
        lines = [[heading, *(f"  {each}" for each in listed), ""] for heading, listed in sections.items()]
        lines += [] if self.forecast is None else [["What may come", f"  {self.forecast}", ""]]
        return "\n".join([self.headline, "", *(line for part in lines for line in part)]).rstrip()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from groklens.views import findings, summary

        still = findings(self)._repr_mimebundle_()["image/png"]
        return {"text/html": summary(self), "image/png": still, "text/plain": str(self)}
