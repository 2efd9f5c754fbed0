"""Langevin sampling of weights about a point: what a local learning coefficient is estimated from.

The density is the localised, tempered posterior ∝ exp(−nβ L(w) − (γ/2) ‖w − w*‖²). Chains stand on the leading axis of
every tensor and never mix. Source: Lau et al. 2023 (arXiv:2308.12108), section 4; RMSprop preconditioning after Li et
al. 2016 (arXiv:1512.07666), without their correction Γ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

#: From the weights of all chains (chain × …) and a generator for batches to each chain's loss.
Losses = Callable[[list[Tensor]], Float[Tensor, "chain"]]
Sampler = Literal["sgld", "rmsprop"]
#: Decay of the running mean of squared gradients, and what is added to its root.
_DECAY, _FLOOR = 0.99, 1e-3
#: A descent that any model still learning gains by: the rate and the steps of a short training.
_DESCENT_RATE, _DESCENT_STEPS = 3e-3, 300


@dataclass(frozen=True)
class Walk:
    """How chains walk: step size ε, inverse temperature nβ, pull γ towards the start, and what scales each weight.

    `epsilon` is one for all chains, or one for each (chain). Under RMSprop the scales are found in the first `adapts`
    steps and held from then on: scales that follow the chain would bend the density, the more the smaller the steps.
    """

    epsilon: float | Float[Tensor, "chain"]
    n_beta: float
    gamma: float
    sampler: Sampler = "sgld"
    adapts: int = 100


@dataclass(frozen=True)
class Noise:
    """Standard normal noise for some of `n_chains` chains: the same numbers, whichever of them walk together."""

    generator: torch.Generator
    n_chains: int
    chains: slice = field(default_factory=lambda: slice(None))

    def __call__(self, value: Tensor) -> Tensor:
        """Noise of the shape of `value`, chain × …."""
        shape = (self.n_chains, *value.shape[1:])
        drawn = torch.randn(shape, generator=self.generator, dtype=value.dtype)
        return drawn[self.chains].to(value.device)


def walked(
    losses: Losses,
    start: Sequence[Tensor],
    walk: Walk,
    draws: int,
    noise: Noise,
    gradient_losses: Losses | None = None,
    masks: list[Tensor] | None = None,
) -> Float[Tensor, "chain draw"]:
    """The losses of chains that walk from `start` (chain × …), at the start and after each of `draws` steps, float64.

    Δw = −(ε/2)(nβ ∇L + γ(w − w*)) + √ε N(0, 1), with every term scaled by 1/(√V + 1e-3) under RMSprop, V the running
    mean of squared gradients. `gradient_losses` gives the losses whose gradient is followed, those of a batch where the
    full loss is too much; `masks` holds still what they leave out (1 for a weight that walks). A chain whose loss is
    not finite stays so: it has left, and who asks has to say so.
    """
    anchor = [value.detach() for value in start]
    values = [value.clone().requires_grad_(True) for value in anchor]
    squares = [torch.zeros_like(value) for value in anchor]
    epsilon = [_of_chain(walk.epsilon, value) for value in anchor]
    found = []
    for draw in range(draws + 1):
        followed = (gradient_losses or losses)(values)
        found.append(
            (followed if gradient_losses is None else _without_gradient(losses, values)).detach().double()
        )
        if draw == draws:
            break
        gradients = torch.autograd.grad(followed.sum(), values)
        with torch.no_grad():
            sizes = _sizes(epsilon, squares, gradients, walk, draw)
            _step(values, anchor, gradients, sizes, walk, noise, masks)
    return torch.stack(found, dim=1).cpu()


@torch.no_grad()
def _without_gradient(losses: Losses, values: list[Tensor]) -> Tensor:
    return losses(values)


def _step(
    values: list[Tensor],
    anchor: list[Tensor],
    gradients: tuple[Tensor, ...],
    epsilon: list[Tensor],
    walk: Walk,
    noise: Noise,
    masks: list[Tensor] | None,
) -> None:
    """One step of all weights at once, in few calls, so that chains in two threads seldom wait for each other."""
    pull = torch._foreach_sub(values, anchor)
    torch._foreach_mul_(pull, walk.gamma)
    torch._foreach_add_(pull, gradients, alpha=walk.n_beta)
    moved = torch._foreach_mul([noise(value) for value in values], [each.sqrt() for each in epsilon])
    torch._foreach_addcmul_(moved, pull, epsilon, value=-0.5)
    if masks is not None:
        torch._foreach_mul_(moved, masks)
    torch._foreach_add_(values, moved)


def descended(losses: Losses, start: Sequence[Tensor], masks: list[Tensor] | None = None) -> float:
    """How much lower the loss comes from `start` (1 × …) by 300 steps of Adam at 3e-3, at the least on the way; ≥ 0.

    Near 0 at a minimum; a model that is still learning, or has not begun, has much to gain.
    """
    values = [value.detach().clone().requires_grad_(True) for value in start]
    optimizer = torch.optim.Adam(values, lr=_DESCENT_RATE)
    found = []
    for _ in range(_DESCENT_STEPS):
        loss = losses(values).sum()
        found.append(float(loss.detach()))
        for place, gradient in enumerate(torch.autograd.grad(loss, values)):
            mask = None if masks is None else masks[place]
            values[place].grad = gradient if mask is None else gradient * mask
        optimizer.step()
    return found[0] - min(found)


def _sizes(
    epsilon: list[Tensor], squares: list[Tensor], gradients: tuple[Tensor, ...], walk: Walk, draw: int
) -> list[Tensor]:
    """Each weight's step size; under RMSprop, gradients enter the running mean of their squares while it adapts."""
    if walk.sampler != "rmsprop":
        return epsilon
    for square, gradient in zip(squares, gradients, strict=True):
        if draw == 0:
            square.copy_(gradient.square())
        elif draw < walk.adapts:
            square.mul_(_DECAY).addcmul_(gradient, gradient, value=1 - _DECAY)
    return [each / (square.sqrt() + _FLOOR) for each, square in zip(epsilon, squares, strict=True)]


def _of_chain(number: float | Tensor, value: Tensor) -> Tensor:
    """A number of each chain, or of all, with the axes of the values."""
    found = torch.as_tensor(number, dtype=value.dtype, device=value.device)
    return found.view(-1, *[1] * (value.ndim - 1))
