"""What the spectrum of the inputs implies for interpolating noise: effective ranks and excess risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument

Regime = Literal["benign", "tempered", "catastrophic", "undecided"]
#: The share by which the price must change over a doubling of n to be called falling, or growing.
CHANGE = 0.1


def effective_ranks(
    eigenvalues: Float[Tensor, "feature"],
) -> tuple[Float[Tensor, "feature"], Float[Tensor, "feature"]]:
    """Bartlett's effective ranks r_k and R_k of the spectrum without its k largest eigenvalues, k = 0, 1, … .

    r_k = Σ_{i>k} λ_i / λ_{k+1} and R_k = (Σ_{i>k} λ_i)² / Σ_{i>k} λ_i². Both lie between 1, where one direction
    has all that is left, and the number of directions left, where all are equal; r_k ≤ R_k ≤ r_k².
    Source: Bartlett et al. 2020 (arXiv:1906.11300), definition 3. Eigenvalues may come in any order; raises
    `BadArgument` for negative ones, or none above 0.

    >>> [each.tolist() for each in effective_ranks(torch.tensor([1.0, 1.0, 1.0]))]
    [[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]
    """
    ordered = _ordered(eigenvalues)
    tails = ordered.flip(0).cumsum(0).flip(0)
    squares = ordered.square().flip(0).cumsum(0).flip(0)
    return tails / ordered, tails.square() / squares


def k_star(eigenvalues: Float[Tensor, "feature"], n: int, b: float = 1.0) -> int | None:
    """The least k with r_k ≥ b n, the number of directions that n examples determine; None where there is none.

    None means that no tail is flat enough to take up the noise: Bartlett's bound then says nothing good.
    Source: Bartlett et al. 2020 (arXiv:1906.11300), theorem 1, which leaves the constant b open.

    >>> k_star(torch.cat([torch.ones(3), torch.full((1000,), 1e-3)]), n=50)
    3
    """
    if n < 1:
        raise BadArgument(f"n is {n}; give a number of examples of at least 1.")
    enough = effective_ranks(eigenvalues)[0] >= b * n
    return int(enough.double().argmax()) if bool(enough.any()) else None


def excess_risk_terms(
    eigenvalues: Float[Tensor, "feature"], n: int, noise: float = 1.0, signal: float = 1.0, b: float = 1.0
) -> dict[str, float]:
    """The terms, without constants, of Bartlett's bound on the excess risk of the least-norm interpolator.

    `bias` is signal² λ₁ max(√(r₀/n), r₀/n), `variance` noise² (k*/n + n/R_k*): both in units of squared error, 0 is
    none. The variance is matched from below, so it says how the risk moves with n; the constants are unknown,
    so it does not say how large it is. Infinite where k* does not exist. `noise` is the standard deviation of
    the labels, `signal` the norm of the true weights. Source: Bartlett et al. 2020, theorem 1.

    >>> spiked = torch.cat([torch.ones(3), torch.full((1000,), 1e-3)])
    >>> round(excess_risk_terms(spiked, n=50)["variance"], 3)
    0.11
    """
    ranks, spread = effective_ranks(eigenvalues)
    k, share = k_star(eigenvalues, n, b), float(ranks[0]) / n
    variance = float("inf") if k is None else noise**2 * (k / n + n / float(spread[k]))
    return {"bias": signal**2 * float(eigenvalues.max()) * max(share, share**0.5), "variance": variance}


def overfitting_coefficient(eigenvalues: Float[Tensor, "feature"], n: int) -> float:
    """The factor E₀ = n / (n − Σ L_i²) by which interpolating n examples multiplies bias and noise; ≥ 1.

    L_i = λ_i / (λ_i + κ) is how well direction i is learned, with κ solving Σ L_i = n. Noise of variance σ² adds
    σ² (E₀ − 1) to the risk: 0 is free, as for a long flat tail, ∞ is reached where there are as many directions as
    examples. Asymptotic, for Gaussian-like features. Source: Simon et al. 2021 (arXiv:2110.03922), equation 4;
    Mallinar et al. 2022 (arXiv:2207.06569). Raises `BadArgument` unless more than n eigenvalues are above 0.

    >>> round(overfitting_coefficient(torch.ones(400), n=100), 6)  # isotropic: 1 / (1 − n/d)
    1.333333
    """
    ordered = _ordered(eigenvalues)
    if len(ordered) <= n or n < 1:
        raise BadArgument(
            f"{len(ordered)} eigenvalues are above 0 and n is {n}; a model interpolates n ≥ 1 examples "
            "with more directions than that."
        )
    learned = ordered / (ordered + _kappa(ordered, n))
    return float(n / (n - learned.square().sum()))


def regime(prices: Mapping[int, float]) -> Regime:
    """Whether overfitting is benign, tempered or catastrophic, from the price E₀ − 1 at several n.

    `catastrophic` where each doubling of n makes it at least 10 % larger, `benign` where each makes it at least 10 %
    smaller, `tempered` where it changes by less than 2 % between the two largest n, else `undecided`: a price
    that falls as 1 / log n looks tempered over any range that can be computed. Definitions: Mallinar et al. 2022
    (arXiv:2207.06569), section 2; the rule is ours. Raises `BadArgument` for fewer than three n.

    >>> regime({100: 0.2, 200: 0.1, 400: 0.05})
    'benign'
    """
    if len(prices) < 3:
        raise BadArgument(
            f"prices holds {len(prices)} values of n; give at least three, such as 100, 200 and 400."
        )
    sizes = torch.tensor(sorted(prices), dtype=torch.float64)
    logs = torch.tensor([prices[n] for n in sorted(prices)], dtype=torch.float64).log2()
    steps = logs.diff() / sizes.log2().diff()
    least = torch.log2(torch.tensor(1 + CHANGE))
    if bool((steps >= least).all()):
        return "catastrophic"
    if bool((steps <= -least).all()):
        return "benign"
    return "tempered" if abs(float(logs[-1] - logs[-2])) < torch.log2(torch.tensor(1.02)) else "undecided"


def _ordered(eigenvalues: Float[Tensor, "feature"]) -> Float[Tensor, "positive"]:
    values = eigenvalues.double().sort(descending=True).values
    if not len(values) or not bool(torch.isfinite(values).all()) or values[-1] < 0 or values[0] <= 0:
        raise BadArgument(
            "The eigenvalues of a covariance are finite, none negative and at least one above 0."
        )
    return values[values > 0]


def _kappa(ordered: Float[Tensor, "positive"], n: int) -> Float[Tensor, ""]:
    """The κ at which Σ λ_i / (λ_i + κ) = n, by bisection of its logarithm."""
    low, high = ordered[-1].log() - 40, (ordered.sum() / n).log() + 1
    for _ in range(200):
        middle = (low + high) / 2
        more = (ordered / (ordered + middle.exp())).sum() > n
        low, high = (middle, high) if more else (low, middle)
    return ((low + high) / 2).exp()
