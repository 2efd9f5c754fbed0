"""`Start`: what a fork goes on from, as part of its recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groklens.errors import BadArgument, described, whole_fields


@dataclass(frozen=True)
class Start:
    """What a forked run goes on from: a step of another run, its weights, and whether with the optimiser's state.

    Args:
        recipe: the id of the recipe of the run that it leaves.
        step: after how many updates of that it begins; its own updates count on from there.
        weights: the SHA-256 of the weights that it begins with, those of the parent or what was made of them.
        optimizer: whether the optimiser goes on from its state there; else it begins anew.
        order: the seed of another order of batches (of a stream: of other examples); None keeps the parent's.

    Raises `BadArgument` for values that describe no step of a run.

    >>> Start("0123456789ab", 5_000, "00" * 32).optimizer
    True
    """

    recipe: str
    step: int
    weights: Any
    optimizer: bool = True
    order: int | None = None

    def __post_init__(self) -> None:
        whole_fields(self, "step", least=0)
        if self.order is not None:
            whole_fields(self, "order", least=0)
        if not isinstance(self.recipe, str) or not isinstance(self.weights, str):
            raise BadArgument(
                f"A start names a recipe's id and the digest of weights; found {described(self.recipe)} and "
                f"{described(self.weights)}. gl.fork(run, step=…) makes it."
            )
