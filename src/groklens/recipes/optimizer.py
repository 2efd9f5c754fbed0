"""Optimisers as values; `groklens.training` builds the torch ones from them."""

from __future__ import annotations

from dataclasses import dataclass

from groklens.errors import BadArgument, described, is_number, whole_fields


@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    Update k uses the learning rate lr · min(1, k / warmup_steps). Raises `BadArgument` for negative values.

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
        if len(betas) != 2 or not all(is_number(beta) for beta in betas):
            raise BadArgument(
                f"betas are {described(self.betas)}; give two numbers in [0, 1), such as (0.9, 0.98)."
            )
        object.__setattr__(self, "betas", tuple(float(beta) for beta in betas))
        _as_floats(self, "lr", "weight_decay", "eps")
        whole_fields(self, "warmup_steps")
        _check_rates(self.lr, self.weight_decay, self.warmup_steps)
        if not all(0 <= beta < 1 for beta in self.betas):
            raise BadArgument(f"betas are {self.betas}; give two numbers in [0, 1), such as (0.9, 0.98).")


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Stochastic gradient descent with momentum and coupled weight decay, as in torch.

    Update k uses the learning rate lr · min(1, k / warmup_steps). Raises `BadArgument` for negative values.

    >>> SGD(lr=0.1).momentum
    0.0
    """

    lr: float = 0.1
    weight_decay: float = 0.0
    momentum: float = 0.0
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no optimiser."""
        _as_floats(self, "lr", "weight_decay", "momentum")
        whole_fields(self, "warmup_steps")
        _check_rates(self.lr, self.weight_decay, self.warmup_steps)
        if not 0 <= self.momentum < 1:
            raise BadArgument(f"momentum is {self.momentum}; it lies in [0, 1).")


def _as_floats(spec: object, *names: str) -> None:
    # 1 and 1.0 are equal but not the same text, and equal recipes have equal ids.
    for name in names:
        try:
            object.__setattr__(spec, name, float(getattr(spec, name)))
        except (TypeError, ValueError) as error:
            raise BadArgument(
                f"{name} is {described(getattr(spec, name))}; give a number, such as 1e-3."
            ) from error


def _check_rates(lr: float, weight_decay: float, warmup_steps: int) -> None:
    if not lr > 0 or weight_decay < 0 or warmup_steps < 0:
        raise BadArgument(
            f"lr={lr}, weight_decay={weight_decay}, warmup_steps={warmup_steps}: the learning rate must be "
            "above zero, the others at least zero."
        )
