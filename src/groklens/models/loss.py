"""What a model is scored by: cross-entropy or squared error at the answer, always in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def cross_entropy_each(
    logits: Float[Tensor, "*run input answer"], labels: Int[Tensor, "*run input"]
) -> Float[Tensor, "*run input"]:
    """Negative log-probability of the right class, in nats, one an input; ≥ 0, log(classes) at chance.

    Log-softmax is taken in float64: in float32 a loss below about 1e-7 is rounding, and grokking happens
    there (Nanda et al. 2023, appendix).
    """
    return _CrossEntropy.apply(logits, labels)


def squared_error_each(
    logits: Float[Tensor, "*run input answer"], labels: Int[Tensor, "*run input"]
) -> Float[Tensor, "*run input"]:
    """Mean over classes of (logit − one-hot label)², in float64; ≥ 0, 1/classes for all-zero logits."""
    target = torch.nn.functional.one_hot(labels, logits.shape[-1]).double()
    return (logits.double() - target).square().mean(dim=-1)


def cross_entropy(
    logits: Float[Tensor, "*run input answer"], labels: Int[Tensor, "*run input"]
) -> Float[Tensor, "*run"]:
    """Mean of `cross_entropy_each` over the inputs."""
    return cross_entropy_each(logits, labels).mean(dim=-1)


def squared_error(
    logits: Float[Tensor, "*run input answer"], labels: Int[Tensor, "*run input"]
) -> Float[Tensor, "*run"]:
    """Mean of `squared_error_each` over the inputs."""
    return squared_error_each(logits, labels).mean(dim=-1)


#: A recipe's loss: what it is of each input, and its mean, which is trained on.
LOSSES_EACH: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross_entropy": cross_entropy_each,
    "mse": squared_error_each,
}
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"cross_entropy": cross_entropy, "mse": squared_error}


class _CrossEntropy(Function):
    """−log softmax at the label, with exponentials taken once for value and gradient, in one piece of memory."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor) -> Tensor:
        shifted = logits.double() - logits.amax(dim=-1, keepdim=True)
        of_label = shifted.gather(-1, labels[..., None])[..., 0]
        exponentials = shifted.exp_()
        total = exponentials.sum(dim=-1)
        ctx.save_for_backward(exponentials, total, labels)
        ctx.dtype = logits.dtype
        return total.log() - of_label

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_losses: Tensor) -> tuple[Tensor, None]:
        exponentials, total, labels = ctx.saved_tensors
        gradient = exponentials * (of_losses / total)[..., None]
        gradient.scatter_add_(-1, labels[..., None], -of_losses[..., None])
        return gradient.to(ctx.dtype), None


def accuracy(logits: Float[Tensor, "input answer"], labels: Int[Tensor, "input"]) -> float:
    """Share of inputs whose largest logit is the right class, in [0, 1]; nan for no inputs."""
    if not len(labels):
        return float("nan")
    return float((logits.argmax(dim=-1) == labels).double().mean())
