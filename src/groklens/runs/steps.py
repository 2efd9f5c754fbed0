"""Choosing kept steps of a run: ascending, without repetition, `UnknownName` for steps that were not kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument, UnknownName, whole_number

if TYPE_CHECKING:
    from groklens.runs.run import Run


#: What a lone model's step is called that nobody says.
STEP_UNKNOWN = "step unknown"


#: The entry of `known` that says what steps count, where they are no updates.
COUNTED = "steps count"


def steps_count(run: Run) -> str:
    """What the steps of a run count: updates; epochs or tokens where its files say no more.

    >>> steps_count(run)  # doctest: +SKIP
    'updates'
    """
    return str(run.known.get(COUNTED, "updates"))


def step_in_words(run: Run, step: int) -> str:
    """A kept step of a run as it is called in titles and captions: `step 1,000`, or that it is unknown.

    >>> step_in_words(run, 1000)  # doctest: +SKIP
    'step 1,000'
    """
    return f"step {step:,}" if run.step_known else STEP_UNKNOWN


def kept_steps(run: Run, steps: Iterable[Any] | Any | None = None) -> list[int]:
    """The kept steps of a run that are asked for, ascending and without repetition; all where `steps` is None.

    Raises `BadArgument` for no step at all or for what is no step, `UnknownName` for one that was not kept.

    >>> kept_steps(run, range(0, 300, 100))  # doctest: +SKIP
    [0, 100, 200]
    """
    if not run.steps:
        raise BadArgument(
            f"{run.name} has kept no step, so there is nothing to look at; train it further, or give one with weights."
        )
    return run.steps if steps is None else chosen_steps(f"Run {run.name}", run.steps, steps)


def chosen_steps(subject: str, kept: Iterable[int], steps: Iterable[Any] | Any) -> list[int]:
    """One or more `steps`, ascending and without repetition, which `subject` (a run, in a sentence) must have kept.

    >>> chosen_steps("Run mod113", [0, 100, 200], [100, 0, 100])
    [0, 100]
    """
    kept = sorted(kept)
    steps = steps.tolist() if hasattr(steps, "tolist") else steps
    wanted = list(steps) if isinstance(steps, Iterable) and not isinstance(steps, str) else [steps]
    if not wanted:
        raise BadArgument(
            f"steps is empty; give some of the kept steps, such as steps={kept[-2:]}, or leave it out."
        )
    return sorted({kept_step(subject, kept, step) for step in wanted})


def kept_step(subject: str, kept: Iterable[int], step: Any) -> int:
    """`step` as an int, which `subject` (a run, in a sentence) must have kept.

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
        f"run.nearest({number}); training with keep=gl.Every(100) keeps more."
    )
