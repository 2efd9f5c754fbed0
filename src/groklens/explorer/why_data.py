"""Why a run generalised, or that it did not, as the page shows it when it is asked."""

from __future__ import annotations

from typing import Any

from groklens.claims import Finding
from groklens.explain import Explanation, explain
from groklens.explorer.as_script import finite
from groklens.explorer.looked_at import LookedAt


def why_values(looked: LookedAt) -> dict[str, Any]:
    """The headline, verdict and findings of the run's explanation."""
    why: Explanation = explain(looked.run, progress=False)
    return {
        "headline": why.headline,
        "verdict": why.verdict,
        "findings": [_values(finding) for finding in why.findings],
    }


def _values(finding: Finding) -> dict[str, Any]:
    return {
        "key": finding.key,
        "claim": finding.claim,
        "in_words": finding.in_words,
        "value": None if finding.value is None else finite(finding.value),
        "units": finding.units,
        "text": finding.said,
        "verdict": finding.verdict,
        "role": finding.role,
        "note": finding.note,
        "controls": [
            {"name": control.name, "mean": finite(control.mean), "text": control.said(finding.units)}
            for control in finding.controls
        ],
    }
