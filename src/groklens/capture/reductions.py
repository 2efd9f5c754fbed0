"""Statistics over the inputs (mean, standard deviation, norm, least, largest) that `capture` takes by name.

Each is gathered in float64 from blocks of inputs, one after another, so that the activations of all inputs never are
in memory at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from groklens.errors import BadArgument

Reduction = Callable[[Tensor], Tensor]


class Gathered(Protocol):
    """A statistic over the inputs that is gathered from blocks of them (input × …, float64)."""

    def add(self, block: Tensor) -> None:
        """Take the activations of some more inputs."""

    @property
    def value(self) -> Tensor:
        """The statistic of all inputs so far (…)."""


class Moments:
    """Mean and standard deviation over the inputs, from blocks of them.

    Deviations are added up about the mean of their block, and moved to that of all (Chan, Golub and LeVeque 1983, eq.
    2.1): squares about zero would lose what is small beside the mean.
    """

    def __init__(self, deviation: bool) -> None:
        self._deviation, self._n = deviation, 0
        self._mean = self._squares = torch.zeros(())

    def add(self, block: Tensor) -> None:
        """Take the activations of some more inputs."""
        mean, n = block.mean(dim=0), len(block)
        shift, total = mean - self._mean, self._n + n
        if self._deviation:
            of_block = (block - mean).square_().sum(dim=0)
            self._squares = self._squares + of_block + shift.square() * (self._n * n / total)
        self._mean, self._n = (self._mean + shift * (n / total) if self._n else mean), total

    @property
    def value(self) -> Tensor:
        """The mean, or the standard deviation about it (divided by the number of inputs)."""
        return (self._squares / self._n).sqrt() if self._deviation else self._mean


class Norm:
    """The ℓ2 norm over the inputs, from blocks of them."""

    def __init__(self) -> None:
        self._squares = torch.zeros(())

    def add(self, block: Tensor) -> None:
        """Take the activations of some more inputs."""
        self._squares = self._squares + block.square().sum(dim=0)

    @property
    def value(self) -> Tensor:
        """The root of the sum of squares."""
        return self._squares.sqrt()


class Extreme:
    """The least or the largest over the inputs, from blocks of them."""

    def __init__(
        self, of_block: Callable[[Tensor], Tensor], of_two: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        self._of_block, self._of_two = of_block, of_two
        self._found: Tensor | None = None

    def add(self, block: Tensor) -> None:
        """Take the activations of some more inputs."""
        extreme = self._of_block(block)
        self._found = extreme if self._found is None else self._of_two(self._found, extreme)

    @property
    def value(self) -> Tensor:
        """The extreme of all inputs so far."""
        assert self._found is not None  # there is no task without inputs
        return self._found


REDUCTIONS: dict[str, Callable[[], Gathered]] = {
    "mean": lambda: Moments(deviation=False),
    "std": lambda: Moments(deviation=True),
    "norm": Norm,
    "min": lambda: Extreme(lambda block: block.amin(dim=0), torch.minimum),
    "max": lambda: Extreme(lambda block: block.amax(dim=0), torch.maximum),
}


def check_reduction(reduce: str | Reduction | None) -> None:
    """Raise `BadArgument` for a name that is not in `REDUCTIONS`."""
    if reduce is not None and not callable(reduce) and reduce not in REDUCTIONS:
        raise BadArgument(
            f"reduce is {reduce!r}; choose one of {', '.join(map(repr, REDUCTIONS))}, or give a function "
            "from a tensor (input, …) to a tensor, such as lambda x: x.abs().mean(dim=0)."
        )
