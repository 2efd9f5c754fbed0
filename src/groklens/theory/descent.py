"""Double descent in closed form for least squares, and tests of whether a measured curve shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument

#: In how many draws a curve without a second descent may be said to have one.
LEVEL = 0.05


def has_double_descent(
    x: Sequence[float] | Any, y: Sequence[float] | Any, stderr: Sequence[float] | float | Any
) -> bool:
    """Whether y rises and falls again over x, beyond its errors: a peak between two lower places.

    True where places i < j < k have y_i and y_k below y_j by so many standard errors of their difference,
    √(stderr² + stderr²), that noise makes it so of any pair of places in at most 5 % of draws (`LEVEL`; normal
    errors that are known, Bonferroni over the pairs: 3.2 of 12 places, 3.8 of 40). A curve that is flat, one U, or only
    falls is so called in no more, at every noise and at all places together. How far y falls before i is not asked: a
    curve that starts low counts too. Errors that are themselves estimated from a few seeds are too small at some
    place: ask `descends_twice` of the seeds.

    x, y and stderr are one number per place each, in any order; one stderr may do for all, 0 for exact curves.
    Raises `BadArgument` for other shapes, fewer than three places, repeated places, negative errors, or nan.

    >>> has_double_descent([1, 2, 3, 4], [1.0, 0.2, 0.8, 0.1], 0.01)
    True
    >>> has_double_descent([1, 2, 3, 4], [1.0, 0.2, 0.8, 0.9], 0.01)
    False
    """
    values, errors = _curve(x, y, stderr)
    beyond = NormalDist().inv_cdf(1 - LEVEL / math.comb(len(values), 2))
    below = values[:, None] < values[None] - beyond * np.hypot(errors[:, None], errors[None])
    return any(below[:j, j].any() and below[j + 1 :, j].any() for j in range(1, len(values) - 1))


def tallest_peak(y: Sequence[float] | Any) -> tuple[int, float]:
    """The index at which a curve stands highest above both of its sides, and by how much.

    The height is above the higher of the least values before and after the place, both counted with it: 0 for a
    curve that only falls, only rises, or is one U. `y` is in the order of its places; raises `BadArgument`
    for none, or nan.

    >>> tallest_peak([3.0, 1.0, 4.0, 2.0])
    (2, 2.0)
    """
    values = np.asarray(y, dtype=float)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise BadArgument(f"y has shape {values.shape}; give one number per place, none of them nan.")
    sides = np.maximum(np.minimum.accumulate(values), np.minimum.accumulate(values[::-1])[::-1])
    heights = values - sides
    return int(heights.argmax()), float(heights.max())


def sample_wise_risk(n: int, d: int, noise: float, signal: float = 1.0) -> float:
    """Expected excess risk of least squares (least-norm where n < d) on n isotropic Gaussian examples of d features.

    In units of squared error, above that of the true weights, whose norm is `signal`; `noise` is the standard
    deviation of the labels. Below d − 1 examples, signal² (1 − n/d) + noise² n / (d − n − 1): weights not seen, and
    noise fitted. Above d + 1, noise² d / (n − d − 1). In between the expectation is infinite. Source: Belkin, Hsu and
    Xu 2020 (arXiv:1903.07571), theorem 1; Hastie et al. 2022 (arXiv:1903.08560).

    >>> [round(sample_wise_risk(n, 100, noise=0.5), 3) for n in (50, 100, 200)]
    [0.755, inf, 0.253]
    """
    if n < 1 or d < 1:
        raise BadArgument(f"n is {n} and d is {d}; give numbers of examples and features of at least 1.")
    if n < d - 1:
        return signal**2 * (1 - n / d) + noise**2 * n / (d - n - 1)
    return noise**2 * d / (n - d - 1) if n > d + 1 else float("inf")


def epoch_wise_risk(
    steps: Float[Tensor, "step"],
    variances: Float[Tensor, "feature"],
    coefficients: Float[Tensor, "feature"],
    noise: float,
    rate: float,
    n: int,
) -> Float[Tensor, "step"]:
    """Excess risk of least squares over steps of gradient descent, where features are learned at different speeds.

    R(t) = Σ s²θ² (1 − ηs²)^{2t} + (σ²/n) Σ (1 − (1 − ηs²)^t)², s² the features' `variances`, θ the true
    `coefficients`, η the `rate`, σ the standard deviation of the labels' noise: each feature comes down by its bias
    and up by its noise, at a time of its own, so features of two speeds make two U-shaped curves. For n examples many
    more than features. Source: Heckel and Yilmaz 2021 (arXiv:2007.10099), theorem 1. Raises `BadArgument` for a rate
    at which the descent does not converge.

    >>> speeds = torch.tensor([1.0, 0.01]).double()
    >>> risk = epoch_wise_risk(torch.tensor([0.0, 1e6]).double(), speeds, torch.ones(2).double(), 0.5, 0.1, 100)
    >>> [round(each, 4) for each in risk.tolist()]  # all of the signal; all of the noise
    [1.01, 0.005]
    """
    _check_rate(rate, variances)
    left = (1 - rate * variances) ** steps[:, None]
    bias = (variances * coefficients.square() * left.square()).sum(dim=1)
    return bias + noise**2 / n * (1 - left).square().sum(dim=1)


def gradient_descent_path(
    inputs: Float[Tensor, "train feature"],
    targets: Float[Tensor, "train"],
    rate: float,
    steps: Float[Tensor, "step"],
) -> Float[Tensor, "step feature"]:
    """Exact weights of full-batch gradient descent on least squares, from zero, after each number of steps.

    The loss is Σ(prediction − target)² / 2n. w_t = Σ_i v_i (1 − (1 − ηλ_i)^t) / λ_i · v_iᵀXᵀy/n with λ_i, v_i the
    eigenpairs of XᵀX/n; a direction that no example shows stays at 0. Steps need not be whole. Raises
    `BadArgument` for a rate at which the descent does not converge.

    >>> inputs, targets, steps = torch.eye(2).double(), torch.ones(2).double(), torch.tensor([0.0, 1.0]).double()
    >>> gradient_descent_path(inputs, targets, rate=1.0, steps=steps).tolist()
    [[0.0, 0.0], [0.5, 0.5]]
    """
    n = len(inputs)
    values, vectors = torch.linalg.eigh(inputs.T @ inputs / n)
    values = values.clamp_min(0)
    _check_rate(rate, values)
    pull = vectors.T @ (inputs.T @ targets) / n
    shrunk = torch.log1p(-(rate * values).clamp_max(1 - 1e-15))
    gone = -torch.expm1(steps[:, None] * shrunk)
    reached = torch.where(values > 1e-12 * values.max(), gone / values.clamp_min(1e-300), 0.0)
    return (reached * pull) @ vectors.T


def _curve(x: Any, y: Any, stderr: Any) -> tuple[np.ndarray, np.ndarray]:
    """Values and errors in ascending order of x."""
    places, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    errors = np.asarray(stderr, dtype=float)
    errors = np.full(places.shape, float(errors)) if errors.ndim == 0 else errors
    shapes = {each.shape for each in (places, values, errors)}
    if len(shapes) != 1 or places.ndim != 1 or len(places) < 3:
        raise BadArgument(
            f"x, y and stderr have shapes {places.shape}, {values.shape} and {errors.shape}; give one number "
            "a place each, for at least three places."
        )
    for name, numbers in (("x", places), ("y", values), ("stderr", errors)):
        if np.isnan(numbers).any():
            raise BadArgument(
                f"{name} holds nan at place {int(np.isnan(numbers).argmax())}; give a number at every place (the mean "
                "of one seed has no error: give several, or 0 for an exact curve)."
            )
    if (errors < 0).any() or len(set(places)) < len(places):
        raise BadArgument("x must not repeat, and stderr must not be negative.")
    order = places.argsort()
    return values[order], errors[order]


def _check_rate(rate: float, curvatures: Float[Tensor, "feature"]) -> None:
    largest = float(curvatures.max())
    if not 0 < rate * largest <= 1:
        raise BadArgument(
            f"rate is {rate} and the largest curvature {largest:.4g}; give a rate above 0 and at most 1 / curvature, "
            f"here {1 / max(largest, 1e-300):.4g}."
        )
