"""`Signal`: one number of a run so far, that says what it was allowed to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, get_args, runtime_checkable

from groklens.errors import BadArgument, described

if TYPE_CHECKING:
    from groklens.forecasts.trajectory import Trajectory

#: What a signal may look at, from least to most: the train examples; test examples too; the task's own structure too.
Sees = Literal["train_only", "held_out", "oracle"]
SEES: tuple[Sees, ...] = get_args(Sees)


@runtime_checkable
class Signal(Protocol):
    """A signal of what a run will do: a frozen value with one verb, `value(trajectory)`, which gives a number or nan.

    `sees` is `"train_only"` (weights, train examples and their losses), `"held_out"` (test examples and their labels
    too) or `"oracle"` (the task's group too, as whoever knows the answer does). The trajectory that it is given shows
    no more than that, and nothing after its step. `units` and `source` travel with the numbers.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class TrainLoss:
    ...     name: str = "train_loss"
    ...     sees: str = "train_only"
    ...     units: str = "nats"
    ...     source: str = "here"
    ...     def value(self, trajectory):
    ...         return float(trajectory.history["train_loss"][-1])
    >>> isinstance(TrainLoss(), Signal)
    True
    """

    @property
    def name(self) -> str:
        """What its column is called, after `signal_`."""

    @property
    def sees(self) -> str:
        """What it may look at: `train_only`, `held_out` or `oracle`."""

    @property
    def units(self) -> str:
        """The unit of its number."""

    @property
    def source(self) -> str:
        """Where it is from, and what is ours in it."""

    def value(self, trajectory: Trajectory) -> float:
        """The number for a run up to a step; nan where it has none."""


def checked_signal(signal: object) -> Signal:
    """The signal itself; `BadArgument` for what is none, or sees what there is not."""
    if isinstance(signal, type) or not isinstance(signal, Signal):
        raise BadArgument(
            f"{described(signal)} is no signal; one is a value with name, sees, units, source and value(trajectory)."
        )
    if signal.sees not in SEES:
        raise BadArgument(
            f"The signal {signal.name} sees {described(signal.sees)}; choose {', '.join(map(repr, SEES))}."
        )
    return signal
