"""Verdict rules for keeping and removing a circuit: accuracy beside the whole model, chance and random controls."""

from __future__ import annotations

from collections.abc import Sequence

from groklens.claims.finding import Control, Verdict
from groklens.claims.wording import percent

DRAWS = 20
#: How much accuracy what is sufficient may lose.
TOLERANCE = 0.01
#: The share of the way from its accuracy to chance that a model must fall without what is necessary.
FALL = 0.5


def judge_keeping(value: float, whole: float, controls: Sequence[Control]) -> tuple[Verdict, str]:
    """The verdict on a claim of sufficiency, and why: whether `value` stays at the accuracy `whole`.

    Refuted when more than 0.01 is lost, undecided when a control keeps as much or there is no control.
    """
    note = f"the whole model has {percent(whole)}"
    if value < whole - TOLERANCE:
        return "refuted", note
    if not controls:
        return "undecided", f"{note}, and no control could be drawn"
    best = max(control.high for control in controls)
    if value <= best:
        return "undecided", f"{note}, and a control keeps {percent(best)}: too little is left out to tell"
    return "supported", note


def judge_removal(
    value: float, whole: float, chance: float, controls: Sequence[Control]
) -> tuple[Verdict, str]:
    """The verdict on a claim of necessity, and why: whether `value` falls from the accuracy `whole` towards `chance`.

    Refuted when it falls less than half of the way, undecided when a control falls as far or there is none.
    """
    note = f"the whole model has {percent(whole)}, chance is {percent(chance)}"
    if whole - value < FALL * (whole - chance):
        return "refuted", note
    if not controls:
        return "undecided", f"{note}, and no control could be drawn"
    least = min(control.low for control in controls)
    if value >= least:
        return "undecided", f"{note}, and a control falls to {percent(least)}"
    return "supported", note
