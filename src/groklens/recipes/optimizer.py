"""Optimisers as values; `groklens.training` builds the torch ones from them."""

from __future__ import annotations

from dataclasses import dataclass

from groklens.errors import BadArgument, described, is_number, whole_fields
from groklens.values import number_fields


@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    Update k uses the learning rate lr · min(1, k / warmup_steps). Raises `BadArgument` for values
    that are negative, infinite or no numbers.

    >>> AdamW(lr=1e-3, weight_decay=1.0).betas
    (0.9, 0.98)
    """

    lr: float = 1e-3
    weight_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8
    warmup_steps: int = 10

    def __post_init__(self) -> None:
        """Refuse what is no optimiser."""
        betas = self.betas if isinstance(self.betas, (tuple, list)) else (self.betas,)
        if len(betas) != 2 or not all(is_number(beta) and 0 <= beta < 1 for beta in betas):
            given = betas if len(betas) == 2 and all(map(is_number, betas)) else self.betas
            said = ", ".join(map(described, given)) if isinstance(given, (tuple, list)) else described(given)
            raise BadArgument(f"betas are {said}; give two numbers in [0, 1), such as (0.9, 0.98).")
        object.__setattr__(self, "betas", tuple(float(beta) for beta in betas))
        number_fields(self, "eps", above=0, such_as="1e-8")
        _check_rates(self)


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Stochastic gradient descent with momentum and coupled weight decay, as in torch.

    Update k uses the learning rate lr · min(1, k / warmup_steps). Raises `BadArgument` for values
    that are negative, infinite or no numbers.

    >>> SGD(lr=0.1).momentum
    0.0
    """

    lr: float = 0.1
    weight_decay: float = 0.0
    momentum: float = 0.0
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no optimiser."""
        number_fields(self, "momentum", least=0, below=1, such_as="0.9")
        _check_rates(self)


def _check_rates(spec: AdamW | SGD) -> None:
    """The fields that both have, as Python numbers; `BadArgument` for what is no rate."""
    number_fields(spec, "lr", above=0)
    number_fields(spec, "weight_decay", least=0, such_as="1.0")
    whole_fields(spec, "warmup_steps", least=0)
