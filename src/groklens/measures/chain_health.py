"""Whether chains can be believed: split R̂, effective sample size, drift, and what is said where they cannot."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

#: Above this, chains disagree about their mean (Vehtari et al. 2021, arXiv:1903.08008, ask for 1.01 of many draws).
MOST_R_HAT = 1.1
#: Fewer independent draws than this, over all chains, say little of their mean.
LEAST_ESS = 40.0
#: A drift, or a difference, of more than this many standard errors is one.
ERRORS = 3.0


class ChainHealth(NamedTuple):
    """What is known of the mean of chains of draws: the mean, its standard error, and why it is not to be believed."""

    mean: float
    stderr: float
    r_hat: float
    ess: float
    reasons: tuple[str, ...]


def chain_health(draws: Float[Tensor, "chain draw"]) -> ChainHealth:
    """The mean of draws of several chains after burn-in, with its standard error and the reasons to doubt it.

    Healthy chains are finite, agree (split R̂ ≤ 1.1), hold at least 40 independent draws (ESS = MN/(1 + 2Σρ_k), summed
    while pairs of autocorrelations are positive: Geyer 1992), and do not drift: the first and the second half differ by
    no more than three of their own standard errors.
    """
    if not bool(draws.isfinite().all()):
        return ChainHealth(float("nan"), float("nan"), float("inf"), 0.0, ("a chain left for infinity",))
    draws = draws.double()
    halves = (
        torch.cat(draws.chunk(2, dim=1))
        if draws.shape[1] % 2 == 0
        else torch.cat(draws[:, 1:].chunk(2, dim=1))
    )
    r_hat, ess = split_r_hat(halves), effective_size(draws)
    stderr = float(draws.std()) / max(ess, 1.0) ** 0.5
    first, second = draws.chunk(2, dim=1)
    apart = abs(float(first.mean() - second.mean()))
    errors = [float(half.std()) / max(effective_size(half), 1.0) ** 0.5 for half in (first, second)]
    drifts = apart > ERRORS * (errors[0] ** 2 + errors[1] ** 2) ** 0.5
    reasons = []
    if r_hat > MOST_R_HAT:
        reasons.append(f"chains disagree (split R̂ {r_hat:.2f} above {MOST_R_HAT})")
    if ess < LEAST_ESS:
        reasons.append(f"{ess:.0f} independent draws are fewer than {LEAST_ESS:.0f}")
    if drifts:
        reasons.append("the trace drifts between its halves")
    return ChainHealth(float(draws.mean()), stderr, r_hat, ess, tuple(reasons))


def split_r_hat(halves: Float[Tensor, "chain draw"]) -> float:
    """The ratio of the pooled to the within-chain standard deviation, of chains cut in half; 1 where they agree."""
    count = halves.shape[1]
    within = float(halves.var(dim=1).mean())
    between = count * float(halves.mean(dim=1).var())
    if within == 0:
        return 1.0 if between == 0 else float("inf")
    return ((count - 1) / count + between / (count * within)) ** 0.5


def effective_size(draws: Float[Tensor, "chain draw"]) -> float:
    """How many independent draws the chains are worth, by their autocorrelations about the common mean."""
    n_chains, count = draws.shape
    centred = draws - draws.mean()
    variance = float(centred.square().mean())
    if variance == 0 or count < 4:
        return float(n_chains * count)
    spectrum = torch.fft.rfft(centred, n=2 * count, dim=1).abs().square()
    covariances = torch.fft.irfft(spectrum, dim=1)[:, :count].mean(dim=0) / count
    correlations = covariances / variance
    total = 0.0
    for lag in range(1, count - 1, 2):
        pair = float(correlations[lag] + correlations[lag + 1])
        if pair <= 0:
            break
        total += pair
    return n_chains * count / (1 + 2 * total)
