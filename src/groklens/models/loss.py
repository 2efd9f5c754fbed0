"""What a model is scored by: cross-entropy or squared error at the answer, always in float64."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def cross_entropy_each(
    logits: Float[Tensor, "input answer"], labels: Int[Tensor, "input"]
) -> Float[Tensor, "input"]:
    """Negative log-probability of the right class, in nats, one an input; ≥ 0, log(classes) at chance.

    Log-softmax is taken in float64: in float32 a loss below about 1e-7 is rounding, and grokking happens
    there (Nanda et al. 2023, appendix).
    """
    return -logits.double().log_softmax(dim=-1).gather(-1, labels[:, None])[:, 0]


def cross_entropy(logits: Float[Tensor, "input answer"], labels: Int[Tensor, "input"]) -> Float[Tensor, ""]:
    """Mean of `cross_entropy_each` over the inputs."""
    return cross_entropy_each(logits, labels).mean()


def squared_error(logits: Float[Tensor, "input answer"], labels: Int[Tensor, "input"]) -> Float[Tensor, ""]:
    """Mean over inputs and classes of (logit − one-hot label)², in float64; ≥ 0, 1/classes for all-zero logits."""
    target = torch.nn.functional.one_hot(labels, logits.shape[-1]).double()
    return (logits.double() - target).square().mean()


LOSSES = {"cross_entropy": cross_entropy, "mse": squared_error}


def accuracy(logits: Float[Tensor, "input answer"], labels: Int[Tensor, "input"]) -> float:
    """Share of inputs whose largest logit is the right class, in [0, 1]; nan for no inputs."""
    if not len(labels):
        return float("nan")
    return float((logits.argmax(dim=-1) == labels).double().mean())
