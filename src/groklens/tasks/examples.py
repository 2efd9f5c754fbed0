"""`Examples`: inputs, their correct labels, and the targets that they are trained towards."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described

#: Inputs as a model takes them: tokens, or features where they are floating-point.
Inputs = Int[Tensor, "input pos"] | Float[Tensor, "input feature"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs with their labels (the correct classes) and targets (trained towards; the labels unless given).

    Inputs are tokens, or features where they are floating-point. Raises `BadArgument` for others, or for as many
    labels or targets as inputs are not.

    >>> Examples(torch.tensor([[0, 1], [1, 1]]), torch.tensor([1, 0])).targets.tolist()
    [1, 0]
    """

    inputs: Int[Tensor, "example pos"] | Float[Tensor, "example feature"]
    labels: Int[Tensor, "example"]
    targets: Int[Tensor, "example"] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, Tensor) or self.inputs.ndim != 2:
            raise BadArgument(
                f"inputs are {described(self.inputs)}; give a tensor, example × pos of tokens or example × feature."
            )
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
