"""`StableMax`: cross-entropy whose probabilities grow with logits as a line, and not as an exponential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor

from groklens.models import Workspace, stablemax_each


@dataclass(frozen=True)
class StableMax:
    """Negative log-probability of the target class by StableMax, in nats, in float64.

    p = s(x) / Σ s(x) with s(x) = x + 1 for x ≥ 0 and 1 / (1 − x) below: no logit is so large that the others' share is
    lost to rounding, and scaling logits up gains little. Source: Prieto et al. 2025 (arXiv:2501.04697), section 4.

    >>> StableMax().units
    'nats'
    """

    units: ClassVar[str] = "nats"
    #: What a recipe may call it, and calls it in files.
    name: ClassVar[str] = "stablemax"

    def each(
        self,
        logits: Float[Tensor, "*run input answer"],
        targets: Int[Tensor, "*run input"],
        workspace: Workspace | None = None,
    ) -> Float[Tensor, "*run input"]:
        """−log p of the target of every input, in nats (input); ≥ 0, log(classes) at equal logits."""
        return stablemax_each(logits, targets, workspace)
