"""A finding: a claim, the number for it, the controls that could have refuted it, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["supported", "refuted", "undecided"]


@dataclass(frozen=True)
class Control:
    """What the same number is where the claim is known to be false: mean and range over `draws`.

    >>> print(Control.of("random components", [0.25, 0.75]))
    random components: 0.5 (0.25 to 0.75, 2 draws)
    """

    name: str
    mean: float
    low: float
    high: float
    draws: int = 1

    @classmethod
    def of(cls, name: str, values: Sequence[float]) -> Control:
        """The control that these draws make; they must not be empty."""
        return cls(name, math.fsum(values) / len(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        spread = f" ({self.low:.4g} to {self.high:.4g}, {self.draws} draws)" if self.draws > 1 else ""
        return f"{self.name}: {self.mean:.4g}{spread}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"name": self.name, "mean": self.mean, "low": self.low, "high": self.high, "draws": self.draws}


@dataclass(frozen=True)
class Finding:
    """One claim about a model, with its evidence.

    `value` is the number the claim rests on, in `units` (`"accuracy"`, `"nats"`, …), None where it could not be
    taken; `note` says how the verdict follows, or why there is none; `source` is where the test comes from.
    """

    claim: str
    value: float | None
    units: str
    verdict: Verdict
    controls: tuple[Control, ...] = ()
    source: str = ""
    note: str = ""

    def __str__(self) -> str:
        shown = "–" if self.value is None else f"{self.value:.4g}"
        controls = "".join(f"\n      {control}" for control in self.controls)
        note = f"\n      {self.note}" if self.note else ""
        return f"[{self.verdict}] {self.claim}: {shown} {self.units}{controls}{note}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "claim": self.claim,
            "value": self.value,
            "units": self.units,
            "controls": [control.to_dict() for control in self.controls],
            "verdict": self.verdict,
            "source": self.source,
            "note": self.note,
        }
