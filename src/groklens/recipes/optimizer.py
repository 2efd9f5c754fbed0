"""What an optimiser is, as a value that builds torch's, and the warm-up and betas that ours share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from groklens.errors import BadArgument, described, is_number, whole_fields
from groklens.value_checks import number_fields

#: What an optimiser is built from: parameters, or pairs of names and parameters where its `by_name` says so.
Parameters = Iterable[nn.Parameter] | Iterable[tuple[str, nn.Parameter]]


@runtime_checkable
class Optimizer(Protocol):
    """A specification that builds a torch optimiser; any frozen dataclass with this method will do.

    One with a `rate(update)` too is asked for the learning rate of every update, from 1 on.
    """

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The torch optimiser of these parameters."""


class WarmedUp:
    """A learning rate that rises linearly over the first `warmup_steps` updates and then stays constant."""

    lr: float
    weight_decay: float
    warmup_steps: int

    def rate(self, update: int) -> float:
        """The learning rate of update number `update`, from 1: lr · min(1, update / warmup_steps)."""
        return self.lr * min(1.0, update / max(1, self.warmup_steps))

    def _check(self) -> None:
        """Convert the fields to Python numbers; `BadArgument` for what is not a rate."""
        number_fields(self, "lr", above=0)
        number_fields(self, "weight_decay", least=0, such_as="1.0")
        whole_fields(self, "warmup_steps", least=0)


def check_betas(spec: Any) -> None:
    """Make the `betas` of Adam or AdamW two Python floats; `BadArgument` for anything that is not two shares."""
    betas = spec.betas if isinstance(spec.betas, (tuple, list)) else (spec.betas,)
    if len(betas) != 2 or not all(is_number(beta) and 0 <= beta < 1 for beta in betas):
        given = betas if len(betas) == 2 and all(map(is_number, betas)) else spec.betas
        said = ", ".join(map(described, given)) if isinstance(given, (tuple, list)) else described(given)
        raise BadArgument(f"betas are {said}; give two numbers in [0, 1), such as (0.9, 0.98).")
    object.__setattr__(spec, "betas", tuple(float(beta) for beta in betas))
