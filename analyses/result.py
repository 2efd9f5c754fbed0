"""What a study leaves behind: `result.json`, with all that is needed to doubt it."""

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

import groklens as gl
from analyses.models import shipped

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """A study's findings, the verdict they add up to, and how they were obtained."""

    study: str
    question: str
    findings: list[gl.Finding]
    runs: dict[str, dict[str, Any]]
    seconds: float
    smoke: bool

    @property
    def verdict(self) -> str:
        """`supported` when every prediction is, `refuted` when one is, else `undecided`.

        Findings about a rival reading are reported with the others and do not count.
        """
        own = [finding for finding in self.findings if not finding.claim.startswith("rival reading")]
        verdicts = {finding.verdict for finding in own}
        if "refuted" in verdicts:
            return "refuted"
        return "supported" if verdicts == {"supported"} else "undecided"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "study": self.study,
            "question": self.question,
            "verdict": self.verdict,
            "findings": [finding.to_dict() for finding in self.findings],
            "runs": self.runs,
            "versions": {
                "groklens": version("groklens"),
                "torch": torch.__version__.split("+")[0],
                "python": platform.python_version(),
            },
            "threads": torch.get_num_threads(),
            "seconds": round(self.seconds, 1),
            "smoke": self.smoke,
        }

    def write(self) -> Path:
        """Write `result.json` beside the study."""
        path = _HERE / self.study / "result.json"
        path.write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def provenance(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Recipe id, seed and last step of shipped runs."""
    runs = {name: shipped(name) for name in names}
    return {
        name: {"recipe": run.recipe.id, "seed": run.recipe.seed, "step": run.steps[-1]}
        for name, run in runs.items()
    }


def stored(study: str) -> dict[str, Any] | None:
    """The result that is kept for a study, or None."""
    path = _HERE / study / "result.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def question(study: ModuleType) -> str:
    """The first line of a study's docstring."""
    return (study.__doc__ or "").strip().splitlines()[0]
