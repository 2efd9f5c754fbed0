"""What a study leaves behind: `result.json`, with all that is needed to doubt it."""

import json
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import xarray as xr

import groklens as gl
from analyses.models import shipped

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """A study's findings, the numbers they rest on, the verdict they add up to, and how they were obtained."""

    study: str
    question: str
    findings: list[gl.Finding]
    runs: dict[str, dict[str, Any]]
    seconds: float
    smoke: bool
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """What the findings add up to."""
        return verdict_of(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "study": self.study,
            "question": self.question,
            "verdict": self.verdict,
            "findings": [finding.to_dict() for finding in self.findings],
            "runs": self.runs,
            "numbers": {name: _plain(value) for name, value in self.numbers.items()},
            "versions": {
                "groklens": version("groklens"),
                "torch": torch.__version__.split("+")[0],
                "python": platform.python_version(),
            },
            "threads": torch.get_num_threads(),
            "seconds": round(self.seconds, 1),
            "smoke": self.smoke,
        }


def verdict_of(findings: list[gl.Finding]) -> str:
    """`supported` when every prediction is, `refuted` when one is, else `undecided`.

    Asides, about a rival reading or beside the question, are reported with the others and do not count.
    """
    verdicts = {finding.verdict for finding in findings if finding.role == "prediction"}
    if "refuted" in verdicts:
        return "refuted"
    return "supported" if verdicts == {"supported"} else "undecided"


def write(study: str, result: dict[str, Any]) -> Path:
    """Write `result.json` beside the study."""
    path = _HERE / study / "result.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def provenance(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Recipe id, seed and last step of shipped runs."""
    return {name: of_run(shipped(name)) for name in names}


def of_run(run: gl.Run) -> dict[str, Any]:
    """Recipe id, seed and last step of a run."""
    return {"recipe": run.recipe.id, "seed": run.recipe.seed, "step": run.steps[-1]}


def stored(study: str) -> dict[str, Any] | None:
    """The result that is kept for a study, or None."""
    path = _HERE / study / "result.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def numbers_of(kept: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a kept result, its tables as tables."""
    return {name: _table(value) for name, value in kept["numbers"].items()}


def rounded(numbers: dict[str, Any]) -> dict[str, Any]:
    """Numbers as they are after having been kept."""
    return numbers_of(
        {"numbers": json.loads(json.dumps({name: _plain(each) for name, each in numbers.items()}))}
    )


def question(study: ModuleType) -> str:
    """The first line of a study's docstring."""
    return (study.__doc__ or "").strip().splitlines()[0]


def _plain(value: Any) -> Any:
    """JSON values; six digits are more than any spread here lets one read."""
    if isinstance(value, xr.Dataset):
        return {"table": _plain(value.to_dict())}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _table(value: Any) -> Any:
    is_table = isinstance(value, dict) and value.keys() == {"table"}
    return xr.Dataset.from_dict(value["table"]) if is_table else value
