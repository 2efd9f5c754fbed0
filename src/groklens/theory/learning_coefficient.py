"""What an estimate of a local learning coefficient must give: quadratics in closed form, two weights by quadrature."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described, is_number


def quadratic_learning_coefficient(
    curvatures: Float[Tensor, "weight"], n_beta: float, gamma: float, epsilon: float = 0.0
) -> float:
    """λ̂ of the loss ½ Σ hᵢ wᵢ² about 0 under the localised, tempered density: ½ Σ nβhᵢ/(nβhᵢ + γ).

    It tends to d/2 as nβ grows. With a step size `epsilon`, that of the discretised chain instead: each term is larger
    by 1/(1 − aᵢ/2), aᵢ = (ε/2)(nβhᵢ + γ), the stationary variance of w ← (1 − aᵢ)w + √ε ξ; infinite from aᵢ = 2 on,
    where the chain diverges. Raises `BadArgument` for a temperature or pull that is not positive.

    >>> round(quadratic_learning_coefficient(torch.ones(4), n_beta=1e6, gamma=1.0), 3)
    2.0
    """
    _check(n_beta, gamma)
    h = torch.as_tensor(curvatures, dtype=torch.float64)
    step = epsilon / 2 * (n_beta * h + gamma)
    if bool((step >= 2).any()):
        return float("inf")
    return float((0.5 * n_beta * h / (n_beta * h + gamma) / (1 - step / 2)).sum())


def tempered_learning_coefficient(
    loss: Callable[[Tensor], Tensor], n_weights: int, n_beta: float, gamma: float, reach: float | None = None
) -> float:
    """λ̂ = nβ (E[L] − L(0)) of a loss of one or two weights, by quadrature of the density exp(−nβ L − (γ/2)‖w‖²).

    `loss` takes weights (… × weight) and gives losses (…). The grid reaches 8 standard deviations of the pull, 8/√γ,
    either way unless `reach` says otherwise. Raises `BadArgument` for more than two weights.

    >>> square = lambda w: w[..., 0] ** 2
    >>> round(tempered_learning_coefficient(square, 1, n_beta=1e4, gamma=1.0), 3)
    0.5
    """
    _check(n_beta, gamma)
    if n_weights not in (1, 2):
        raise BadArgument(f"n_weights is {described(n_weights)}; quadrature is for one weight or two.")
    ends = 8 / gamma**0.5 if reach is None else reach
    # Finer towards 0, where a sharp density stands: cubes of an even grid.
    even = torch.linspace(-1, 1, 4001 if n_weights == 1 else 1601, dtype=torch.float64)
    line, width = ends * even**3, 3 * ends * even**2
    axes = torch.meshgrid(*[line] * n_weights, indexing="ij")
    widths = width if n_weights == 1 else torch.outer(width, width)
    losses = loss(torch.stack(axes, dim=-1))
    pull = gamma / 2 * sum(axis.square() for axis in axes)
    weight = torch.exp(-n_beta * losses - pull) * widths
    origin = float(loss(torch.zeros(1, n_weights, dtype=torch.float64))[0])
    return n_beta * (float((weight * losses).sum() / weight.sum()) - origin)


def _check(n_beta: float, gamma: float) -> None:
    for name, value in (("n_beta", n_beta), ("gamma", gamma)):
        if not is_number(value) or value <= 0:
            raise BadArgument(f"{name} is {described(value)}; give a positive number, such as 100.")
