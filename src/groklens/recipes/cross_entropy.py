"""`CrossEntropy`: the loss −log p(target), in nats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor

from groklens.models import Workspace, cross_entropy_each


@dataclass(frozen=True)
class CrossEntropy:
    """Negative log-probability of the target class, in nats, by a float64 log-softmax.

    >>> CrossEntropy().units
    'nats'
    """

    units: ClassVar[str] = "nats"
    #: What a recipe may call it, and calls it in files.
    name: ClassVar[str] = "cross_entropy"

    def each(
        self,
        logits: Float[Tensor, "*run input answer"],
        targets: Int[Tensor, "*run input"],
        workspace: Workspace | None = None,
    ) -> Float[Tensor, "*run input"]:
        """Cross-entropy of every input, in nats (input); ≥ 0, log(classes) at chance."""
        return cross_entropy_each(logits, targets, workspace)
