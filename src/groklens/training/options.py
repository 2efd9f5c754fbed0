"""How runs are trained, whichever they are: on which device, with which bar, and what is told and kept meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from groklens.errors import BadArgument, described, whole_number
from groklens.training.watching import NOBODY, Watch


@dataclass(frozen=True)
class Options:
    """How runs are trained; none of it changes a bit of what is trained.

    `keep_optimizer` has the steps whose optimiser is kept besides the last; None for not even that.
    """

    device: str = "cpu"
    progress: bool | None = None
    resume_every: float = 30.0
    keep_optimizer: frozenset[int] | None = frozenset()
    watch: Watch = NOBODY


def steps_of(given: Iterable[int] | None) -> frozenset[int] | None:
    """The steps whose optimiser is kept, as they were asked for; `BadArgument` for what are no steps.

    >>> sorted(steps_of([5_000, 100]))
    [100, 5000]
    """
    if given is None:
        return None
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise BadArgument(
            f"keep_optimizer is {described(given)}; give the steps whose optimiser is kept, keep_optimizer=[5_000]; "
            "the last is kept in any case, and None keeps none."
        )
    return frozenset(whole_number("a step of keep_optimizer", step, 0, such_as=5_000) for step in given)
