"""The scale on which a finding's number and its controls are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groklens.claims import Finding


def scale_of(finding: Finding) -> tuple[float, float]:
    """The ends of a finding's scale, which holds its value and all of its controls."""
    numbers = [finding.value, *(end for each in finding.controls for end in (each.low, each.mean, each.high))]
    known = [float(each) for each in numbers if each is not None and math.isfinite(each)]
    if all(0 <= each <= 1 for each in known):
        return 0.0, 1.0
    low, high = min([*known, 0.0]), max(known)
    return (low, high) if high > low else (low - 1, high + 1)


def position(value: float | None, low: float, high: float) -> float:
    """Fraction of the scale, from 0 to 1, at which a number is."""
    assert value is not None
    return (value - low) / (high - low)


def finite(value: float | None) -> bool:
    """Whether there is a finite number to draw."""
    return value is not None and math.isfinite(value)
