"""Rules that stop a training before the end of its recipe: `Generalised`, `Settled`, or any function of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from groklens.errors import BadArgument, described, is_number, whole_fields
from groklens.models import parameters_squared
from groklens.runs import kept_steps
from groklens.training.evaluated import Evaluated

#: A function that is told of every evaluated step.
OnEvaluate = Callable[[Evaluated], object]
#: Whether the training stops at an evaluated step: a rule of ours, or a function.
StopWhen = Callable[[Evaluated], bool]


@dataclass(frozen=True)
class Generalised:
    """The rule that stops once test accuracy has been at least 0.99 for a number of steps.

    `for_steps` is how long it has to have held, at every evaluated step; 0 stops at the first one. The answer follows
    from the recorded accuracies alone, so that an interrupted training stops where an uninterrupted one does. Raises
    `BadArgument`, at the first evaluated step, where no test accuracy is recorded.

    >>> gl.train(recipe, into="runs/mine", stop_when=Generalised(for_steps=1_000))  # doctest: +SKIP
    """

    for_steps: int = 0
    accuracy: float = 0.99

    def __post_init__(self) -> None:
        whole_fields(self, "for_steps", least=0)
        if not is_number(self.accuracy) or not 0 < self.accuracy <= 1:
            raise BadArgument(
                f"accuracy is {described(self.accuracy)}; give a share of the inputs, such as 0.99."
            )

    def __call__(self, now: Evaluated) -> bool:
        """Whether the accuracy of this step and of those before it says so."""
        since = now.step
        for step, reached in reversed(_values(now, "test_accuracy")):
            if reached < self.accuracy:
                break
            since = step
        return now.row["test_accuracy"] >= self.accuracy and now.step - since >= self.for_steps


@dataclass(frozen=True)
class Settled:
    """The rule that stops once test loss is low and the weight norm at rest, for a number of steps.

    Over the last `for_steps` updates test loss stayed below a share `loss` of its peak so far, and Σ‖θ‖² of the kept
    steps, one at or before their beginning among them, within a share `norm` of what it is now: what ends cleanup in
    `gl.explain`. It follows from what is recorded and kept, so that an interrupted training stops where an
    uninterrupted one does. Raises `BadArgument`, at the first evaluated step, where no test loss is recorded.

    >>> gl.train(recipe, into="runs/mine", stop_when=Settled(for_steps=2_000))  # doctest: +SKIP
    """

    for_steps: int = 1000
    loss: float = 0.01
    norm: float = 0.05

    def __post_init__(self) -> None:
        whole_fields(self, "for_steps", least=1)
        for name, value in (("loss", self.loss), ("norm", self.norm)):
            if not is_number(value) or not 0 < value < 1:
                raise BadArgument(
                    f"{name} is {described(value)}; give a share between 0 and 1, such as 0.05."
                )

    def __call__(self, now: Evaluated) -> bool:
        """Whether losses and norms up to this step say so."""
        losses, begin = _values(now, "test_loss"), now.step - self.for_steps
        peak = max(value for _, value in losses)
        if begin < 0 or any(value >= self.loss * peak for step, value in losses if step >= begin):
            return False
        return self._rests(now, begin)

    def _rests(self, now: Evaluated, begin: int) -> bool:
        """Whether the norm of every kept step since `begin`, and of the last one before it, is near that of now."""
        run = now.run
        kept = [step for step in kept_steps(run) if step <= now.step]
        first = max(step for step in kept if step <= begin)
        last = parameters_squared(now.snapshot.model)
        return all(
            abs(parameters_squared(run.at(step).model) - last) <= self.norm * last
            for step in kept
            if step >= first
        )


def stops(rule: StopWhen | Any, now: Evaluated) -> bool:
    """Whether a rule stops the training at this step; `BadArgument` for one that does not say yes or no."""
    found = rule(now)
    if not isinstance(found, (bool, np.bool_)):
        raise BadArgument(
            f"stop_when gave {described(found)} at step {now.step}; give a function from an evaluated step to True or "
            "False, such as stop_when=lambda now: now.row['test_loss'] < 0.1."
        )
    return bool(found)


def in_words(rule: StopWhen | Any) -> str:
    """What a header says of a rule: a rule of ours as it is typed, a function by its name.

    >>> in_words(Generalised(for_steps=500)), in_words(max)
    ('Generalised(for_steps=500, accuracy=0.99)', 'max')
    """
    return getattr(rule, "__name__", None) or repr(rule)


def _values(now: Evaluated, name: str) -> list[tuple[int, float]]:
    """The recorded values of one name by step, up to this step."""
    if name not in now.row:
        raise BadArgument(
            f"No {name} is recorded of this training ({', '.join(now.row)} are), so the rule cannot stop it; give a "
            "function of what is: stop_when=lambda now: now.row['train_loss'] < 0.1."
        )
    return [
        (step, row[name]) for step, row in sorted(now.history.items()) if name in row and step <= now.step
    ]
