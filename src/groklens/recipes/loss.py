"""`Loss`: the contract of a loss, a value that scores each input and says in which units."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor


@runtime_checkable
class Loss(Protocol):
    """Scores inputs one by one; their mean is minimised. Any frozen dataclass with these members will do."""

    #: What its numbers are called: `"nats"`.
    units: str

    def each(
        self, logits: Float[Tensor, "input answer"], targets: Int[Tensor, "input"]
    ) -> Float[Tensor, "input"]:
        """The loss of every input (input)."""
