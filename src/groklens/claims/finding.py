"""`Finding` and `Control`: a claim about a model, its number, the numbers that could have refuted it, a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from groklens.claims.in_notebooks import InNotebooks
from groklens.claims.lookup import with_key
from groklens.claims.wording import in_units, quantity
from groklens.errors import BadArgument

Verdict = Literal["supported", "refuted", "undecided"]
VERDICTS: tuple[Verdict, ...] = ("supported", "refuted", "undecided")
#: A prediction is what the claim in question asks for; an aside is reported beside it and decides nothing.
Role = Literal["prediction", "aside"]
PREDICTION: Role = "prediction"
ASIDE: Role = "aside"
#: What stands above the findings of each role, wherever they are shown.
HEADINGS: dict[Role, str] = {"prediction": "How we know", "aside": "Reported besides, deciding nothing"}


@dataclass(frozen=True)
class Control:
    """The same number measured where the claim is known to be false: mean and range over `draws`.

    `key` is the name by which programs know the control among those of its finding, such as `"random_subspace"`.

    >>> print(Control.of("random components", [0.25, 0.75]))
    random components: 0.5 (0.25 to 0.75, 2 draws)
    """

    name: str
    mean: float
    low: float
    high: float
    draws: int = 1
    key: str = ""

    @classmethod
    def of(cls, name: str, values: Sequence[float], key: str = "") -> Control:
        """The control summarising these draws, of which there must be at least one."""
        return cls(name, math.fsum(values) / len(values), min(values), max(values), len(values), key)

    @classmethod
    def several(cls, named: Mapping[str, tuple[str, Any]]) -> tuple[Control, ...]:
        """Controls by key, each given as its name and its draws: a number, a list or an array of any shape.

        >>> [str(each) for each in Control.several({"chance": ("chance", 0.1), "seeds": ("each seed", [0.2, 0.4])})]
        ['chance: 0.1', 'each seed: 0.3 (0.2 to 0.4, 2 draws)']
        """
        return tuple(
            cls.of(name, np.ravel(np.asarray(values, dtype=float)).tolist(), key)
            for key, (name, values) in named.items()
        )

    def __str__(self) -> str:
        return self.said("")

    def said(self, units: str, written: Callable[[float, str], str] = in_units) -> str:
        """The control as one line of text, its numbers `written` as those of a finding in `units`."""
        spread = self.spread(units, written)
        return f"{self.name}: {written(self.mean, units)}{f' ({spread})' if spread else ''}"

    def spread(self, units: str, written: Callable[[float, str], str] = in_units) -> str:
        """The range and number of the draws as text; empty where there is one draw."""
        if self.draws < 2:
            return ""
        low, high = written(self.low, units), written(self.high, units)
        return f"{low if low == high else f'{low} to {high}'}, {self.draws} draws"

    def to_dict(self) -> dict[str, Any]:
        """The control as JSON values; one without a key has no field for it."""
        known_by = {"key": self.key} if self.key else {}
        spread = {"mean": self.mean, "low": self.low, "high": self.high, "draws": self.draws}
        return {**known_by, "name": self.name, **spread}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Control:
        """The control that `to_dict` gave."""
        return cls(**values)


@dataclass(frozen=True)
class Finding(InNotebooks):
    """One claim about a model, with the number for it, its controls and a verdict.

    `value` is the number the claim rests on, in `units` (`"accuracy"`, `"nats"`, …), None where it could not be
    taken; `note` says how the verdict follows, or why there is none; `source` is where the test comes from.
    `key` is the name by which programs know the finding, such as `"sufficiency.logits"` (`groklens.claims.FINDINGS`
    lists them); the claim is for people, and its words may change. `role` says whether it counts or stands beside what
    counts.
    """

    claim: str
    value: float | None
    units: str
    verdict: Verdict
    controls: tuple[Control, ...] = ()
    source: str = ""
    note: str = ""
    key: str = ""
    role: Role = "prediction"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("verdict", self.verdict, VERDICTS),
            ("role", self.role, (PREDICTION, ASIDE)),
        ):
            if value not in known:
                raise BadArgument(f"{name} is {value!r}; choose one of {', '.join(map(repr, known))}.")

    def __str__(self) -> str:
        controls = "".join(f"\n      {control.said(self.units)}" for control in self.controls)
        note = f"\n      {self.note}" if self.note else ""
        number = "" if self.value is None else f": {self.said}"
        return f"[{self.verdict}] {self.in_words}{number}{controls}{note}"

    @property
    def in_words(self) -> str:
        """The claim as it is printed: in quotation marks where it is not supported, and so nothing that is asserted.

        >>> Finding("the model adds", 0.12, "accuracy", "refuted").in_words
        '"the model adds"'
        """
        return self.claim if self.verdict == "supported" else f'"{self.claim}"'

    @property
    def said(self) -> str:
        """The finding's number as text, units included."""
        return quantity(self.value, self.units)

    def control(self, key: str) -> Control:
        """The control that has this key; `UnknownName` where none has."""
        return with_key(self.controls, key, "control")

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values; one without a key has no role either."""
        known_by = {"key": self.key, "role": self.role} if self.key else {}
        return {
            **known_by,
            "claim": self.claim,
            "value": self.value,
            "units": self.units,
            "controls": [control.to_dict() for control in self.controls],
            "verdict": self.verdict,
            "source": self.source,
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Finding:
        """The finding that `to_dict` gave, such as one of those in `why.json`."""
        controls = tuple(Control.from_dict(control) for control in values["controls"])
        return cls(**{**values, "controls": controls})


def by_role(findings: Sequence[Finding]) -> dict[Role, list[Finding]]:
    """Findings grouped by role, predictions first; a role that no finding has is left out."""
    found = {role: [finding for finding in findings if finding.role == role] for role in HEADINGS}
    return {role: own for role, own in found.items() if own}
