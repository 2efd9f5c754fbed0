"""Telling a callback and a stopping rule of every evaluated step of a run in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groklens.errors import BadArgument, described
from groklens.runs import RunWriter
from groklens.threads import threads_of_the_user
from groklens.training.evaluated import Evaluated
from groklens.training.stack import Stack
from groklens.training.stopping import OnEvaluate, StopWhen, in_words, stops


@dataclass(frozen=True)
class Watch:
    """What is told of the evaluated steps of one run, and what may stop it; nothing by default.

    >>> Watch().is_idle
    True
    """

    on_evaluate: OnEvaluate | Any = None
    stop_when: StopWhen | Any = None

    def __post_init__(self) -> None:
        for name, value in (("on_evaluate", self.on_evaluate), ("stop_when", self.stop_when)):
            if value is not None and (not callable(value) or isinstance(value, type)):
                raise BadArgument(
                    f"{name} is {described(value)}; give a function of an evaluated step, its row and its snapshot, "
                    f"such as {name}={_SUCH_AS[name]}."
                )

    @property
    def is_idle(self) -> bool:
        """Whether nobody is told of anything."""
        return self.on_evaluate is None and self.stop_when is None

    def stops(self, step: int, stack: Stack, writer: RunWriter) -> bool:
        """Tell of the first run of the stack, which `writer` writes, after `step` updates; whether it stops there."""
        rows = writer.history.rows
        now = Evaluated(
            step, dict(rows[step]), rows, stack.recipes[0], writer.paths.root, lambda: stack.state(0)
        )
        with threads_of_the_user():
            if self.on_evaluate is not None:
                self.on_evaluate(now)
            return self.stop_when is not None and stops(self.stop_when, now)

    @property
    def rule(self) -> str:
        """The stopping rule, in words."""
        return in_words(self.stop_when)


NOBODY = Watch()

_SUCH_AS = {
    "on_evaluate": "lambda now: print(now.step, now.row)",
    "stop_when": "Generalised(for_steps=1_000) of groklens.training",
}
