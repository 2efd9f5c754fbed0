"""One kept step, as a caller names it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groklens.errors import UnknownName, whole_number


def kept_step(subject: str, kept: Iterable[int], step: Any) -> int:
    """`step` as an int, where `subject` (a run, in a sentence) has kept it.

    Raises `BadArgument` for what is no whole number, `UnknownName` where that step was not kept, with those nearest.

    >>> kept_step("Run mod113", [0, 100], 100.0)
    100
    """
    steps = sorted(kept)
    number = whole_number("step", step, such_as=steps[-1] if steps else 0)
    if number in steps:
        return number
    nearest = ", ".join(map(str, sorted(sorted(steps, key=lambda each: abs(each - number))[:2])))
    last = (
        f" Steps count updates from 0; the last is run.final, step {steps[-1]}."
        if steps and number < 0
        else ""
    )
    raise UnknownName(
        f"{subject} has kept no step {number}; nearest are {nearest or 'none'}.{last} Use one of run.steps or "
        f"run.nearest({number}), or train with keep=gl.Every(100)."
    )
