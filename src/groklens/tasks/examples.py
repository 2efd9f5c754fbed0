"""`Examples`: inputs, their correct labels, and the targets that they are trained towards."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs with their labels (the correct classes) and targets (trained towards; the labels unless given).

    >>> Examples(torch.tensor([[0, 1], [1, 1]]), torch.tensor([1, 0])).targets.tolist()
    [1, 0]
    """

    inputs: Int[Tensor, "example pos"]
    labels: Int[Tensor, "example"]
    targets: Int[Tensor, "example"] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.targets is None:
            object.__setattr__(self, "targets", self.labels)
        n_inputs = len(self.inputs)
        for name in ("labels", "targets"):
            value = getattr(self, name)
            if not isinstance(value, Tensor) or value.shape != torch.Size([n_inputs]):
                raise BadArgument(
                    f"{name} have shape {tuple(getattr(value, 'shape', ()))} for {n_inputs} inputs; give one class an "
                    f"input, ({n_inputs},)."
                )
