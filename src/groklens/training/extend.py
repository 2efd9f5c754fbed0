"""`gl.extend`: a run that goes on beyond its last step, as if it had been asked for at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from groklens.errors import BadArgument, whole_number
from groklens.recipes import changed
from groklens.runs import AnyRun, Run
from groklens.training.going_on import (
    before,
    has_lost_its_beginning,
    is_new,
    new_header,
    parent_of,
    place_of,
    prepare,
    state_at,
)
from groklens.training.train import train

log = logging.getLogger("groklens")


def extend(
    run: AnyRun,
    steps: int,
    into: str | Path | None = None,
    *,
    device: str = "cpu",
    progress: bool | None = None,
    resume_every: float = 30.0,
    keep_optimizer: Iterable[int] | None = (),
) -> Run:
    """Train a finished run on, to `steps` updates in all: what if it had trained longer?

    The result is a run of its own beside its parent (`NAME-to-STEPS`, or `into`; of a run of a sweep, beside the sweep:
    `SWEEP-NAME-to-STEPS`), which is left as it is: the parent's
    kept steps and history up to its last step, and what comes after. It has the bits of the run that was asked for at
    once, at the steps that both keep; a schedule that is spaced over the whole run (`LogSpaced`) is spaced anew from
    there on. A run that was trained in a stack goes on alone, within rounding. The same call goes on after a kill.

    It goes on from the optimiser's state at the last step, which `gl.train` keeps; a run without it is trained again
    from step 0, and a warning says so.

    Raises `BadArgument` for a run that `gl.train` did not make, one that is not finished, or no more steps than it has;
    and what `gl.train` raises.

    >>> gl.extend(gl.load("runs/mine"), steps=30_000)  # doctest: +SKIP
    """
    parent = parent_of(run)
    recipe = parent.recipe
    assert recipe is not None
    total = whole_number("steps", steps, 1, such_as=2 * recipe.steps)
    if not parent.finished:
        raise BadArgument(
            f"{parent.name} is not finished; finish it first: gl.train(run.recipe, into={str(parent.path)!r})."
        )
    if total <= recipe.steps:
        raise BadArgument(
            f"steps is {total}, the new total, and {parent.name} has {recipe.steps} already; give more."
        )
    longer = changed(recipe, {"steps": total})
    folder = place_of(parent, into, f"{parent.name}-to-{total}")
    anew = is_new(folder) or has_lost_its_beginning(folder, longer)
    found = state_at(parent, recipe.steps) if anew else None
    if found is not None:
        history, tensors = found
        header = before(new_header(parent, longer, recipe.steps), parent, recipe.steps)
        prepare(folder, header, tensors, parent, history)
    elif anew:
        log.warning(
            "%s has not kept its optimiser's state at its last step, so %s is trained from step 0 again.",
            parent.name, folder.name,
        )  # fmt: skip
    return train(
        longer,
        folder,
        device=device,
        progress=progress,
        resume_every=resume_every,
        keep_optimizer=keep_optimizer,
    )
