"""`MeanSquaredError`: the squared error of logits against one-hot targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor

from groklens.models import Workspace, squared_error_each


@dataclass(frozen=True)
class MeanSquaredError:
    """Mean over classes of (logit − one-hot target)², in float64.

    >>> MeanSquaredError().units
    'squared error'
    """

    units: ClassVar[str] = "squared error"
    #: What a recipe may call it, and calls it in files.
    name: ClassVar[str] = "mse"

    def each(
        self,
        logits: Float[Tensor, "*run input answer"],
        targets: Int[Tensor, "*run input"],
        workspace: Workspace | None = None,
    ) -> Float[Tensor, "*run input"]:
        """Squared error of every input (input); ≥ 0, 1/classes for all-zero logits."""
        return squared_error_each(logits, targets, workspace)
