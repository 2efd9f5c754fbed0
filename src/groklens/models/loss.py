"""Cross-entropy, squared error and accuracy of logits at the answer, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from groklens.models.workspace import Workspace


def cross_entropy_each(
    logits: Float[Tensor, "*run input answer"],
    labels: Int[Tensor, "*run input"],
    workspace: Workspace | None = None,
) -> Float[Tensor, "*run input"]:
    """Negative log-probability of the correct class, in nats, one per input; ≥ 0, log(classes) at chance.

    Log-softmax is taken in float64: in float32 a loss below about 1e-7 is rounding, and grokking happens
    there (Nanda et al. 2023, appendix). Of runs stacked in training, whose inputs lie side by side in memory, wrong
    classes' probabilities are as exact as their logits, and only what they add up to is float64.
    """
    is_by_columns = logits.ndim == 3 and logits.mT.is_contiguous() and not logits.is_contiguous()
    if workspace is not None and is_by_columns:
        return _CrossEntropyByColumns.apply(logits.mT, labels, workspace)
    return _CrossEntropy.apply(logits, labels, workspace or Workspace())


def squared_error_each(
    logits: Float[Tensor, "*run input answer"],
    labels: Int[Tensor, "*run input"],
    workspace: Workspace | None = None,
) -> Float[Tensor, "*run input"]:
    """Mean over classes of (logit − one-hot label)², one per input, float64; ≥ 0, 1/classes for all-zero logits."""
    target = torch.nn.functional.one_hot(labels, logits.shape[-1]).double()
    return (logits.double() - target).square().mean(dim=-1)


def stablemax_each(
    logits: Float[Tensor, "*run input answer"],
    labels: Int[Tensor, "*run input"],
    workspace: Workspace | None = None,
) -> Float[Tensor, "*run input"]:
    """−log(s(x_label) / Σ s(x)) of each input, in nats, float64; s(x) = x + 1 for x ≥ 0, 1 / (1 − x) below.

    Prieto et al. 2025 (arXiv:2501.04697), section 4; ≥ 0, log(classes) at equal logits.
    """
    exact = logits.double()
    # The branch not taken is kept from where it is no number, for its gradient would be none either.
    weight = torch.where(exact >= 0, exact.clamp_min(0) + 1, 1 / (1 - exact.clamp_max(0)))
    of_label = weight.gather(-1, labels[..., None])[..., 0]
    return weight.sum(dim=-1).log() - of_label.log()


#: A recipe's loss of each input, the mean of which is trained on; buffers of a workspace are used where one is given.
LOSSES_EACH: dict[str, Callable[..., Tensor]] = {
    "cross_entropy": cross_entropy_each,
    "mse": squared_error_each,
    "stablemax": stablemax_each,
}


class _CrossEntropy(Function):
    """−log softmax at the label, with exponentials taken once for value and gradient."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, workspace: Workspace) -> Tensor:
        shifted = workspace.like(logits, logits.shape[-1], torch.float64).copy_(logits)
        shifted.sub_(logits.amax(dim=-1, keepdim=True))
        of_label = shifted.gather(-1, labels[..., None])[..., 0]
        exponentials = shifted.exp_()
        total = exponentials.sum(dim=-1)
        ctx.save_for_backward(exponentials, total, labels)
        ctx.dtype, ctx.workspace = logits.dtype, workspace
        return total.log() - of_label

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_losses: Tensor) -> tuple[Tensor | None, ...]:
        exponentials, total, labels = ctx.saved_tensors
        gradient = ctx.workspace.like(exponentials, exponentials.shape[-1])
        torch.mul(exponentials, (of_losses / total)[..., None], out=gradient)
        gradient.scatter_add_(-1, labels[..., None], -of_losses[..., None])
        if gradient.dtype != ctx.dtype:
            gradient = ctx.workspace.like(gradient, gradient.shape[-1], ctx.dtype).copy_(gradient)
        return gradient, None, None


class _CrossEntropyByColumns(Function):
    """Cross-entropy of stacked runs, run × answer × input; the label's exponential is kept apart from the others' sum.

    What the label lacks of 1 is that sum, in value and gradient alike, so that nothing cancels.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, workspace: Workspace) -> Tensor:
        labels = labels[:, None]
        shifted = torch.sub(logits, logits.amax(dim=1, keepdim=True), out=workspace.of(logits.shape, logits))
        of_label = shifted.gather(1, labels).double()
        shifted.mul_(math.log2(math.e)).exp2_()  # a quarter of what `exp_` takes
        of_others = shifted.scatter_(1, labels, 0)
        others = of_others.sum(dim=1, keepdim=True).double()
        total = of_label.exp() + others
        ctx.save_for_backward(of_others, others, total, labels)
        return (total.log() - of_label)[:, 0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_losses: Tensor) -> tuple[Tensor | None, ...]:
        of_others, others, total, labels = ctx.saved_tensors
        share = of_losses[:, None] / total
        gradient = of_others.mul_(share.to(of_others.dtype))
        return gradient.scatter_(1, labels, (-share * others).to(gradient.dtype)), None, None


def accuracy(
    logits: Float[Tensor, "input answer"],
    labels: Int[Tensor, "input"],
    outside: Bool[Tensor, "input"] | None = None,
) -> float:
    """Share of inputs whose largest logit is the correct class, in [0, 1]; nan for no inputs.

    Inputs that are answered `outside` of the task's classes are wrong, whatever the task's logits are.

    >>> accuracy(torch.eye(2), torch.tensor([0, 1]), torch.tensor([False, True]))
    0.5
    """
    if not len(labels):
        return float("nan")
    correct = logits.argmax(dim=-1) == labels
    return float((correct if outside is None else correct & ~outside).double().mean())


def tied_accuracy(
    logits: Float[Tensor, "input answer"],
    labels: Int[Tensor, "input"],
    resolution: float,
    outside: Bool[Tensor, "input"] | None = None,
) -> float:
    """Accuracy in which logits within `resolution` of the largest share the credit; 1/classes when all do.

    After a removal the remainder may be rounding alone; its argmax would be read as knowledge. What the whole model
    answers `outside` of the task's classes stays wrong.
    """
    tied = logits >= logits.max(dim=1, keepdim=True).values - resolution
    correct = tied.gather(1, labels[:, None])[:, 0]
    credit = correct.double() / tied.sum(dim=1)
    return float((credit if outside is None else credit * ~outside).mean())
