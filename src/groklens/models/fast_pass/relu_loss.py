"""`relu_losses`: cross-entropy of the relu readout, with every gradient, a block of inputs after another.

Between one product and the next each number is touched a dozen times: biases, relu, a softmax in float64, its gradient.
Done for all inputs in turn that is bound by memory; done while a block is in the processor's cache, it costs little.
Only products over all inputs, the gradients of weights, wait until the end, so that their sums are as they were.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from groklens.models.fast_pass.blocks import cached_blocks
from groklens.models.loss import exponentials, gradient_of_logits
from groklens.models.workspace import Workspace


def relu_losses(
    rows: Float[Tensor, "run input feature"],
    weight: Float[Tensor, "run neuron_and_output feature"],
    bias: Float[Tensor, "run 1 neuron_and_output"],
    back: Float[Tensor, "run output neuron"],
    labels: Int[Tensor, "run input"],
    n_classes: int,
    workspace: Workspace,
) -> Float[Tensor, "run"]:
    """Mean cross-entropy of `relu_block`'s first `n_classes` outputs, one per run, in nats; log(classes) at chance.

    The loss is `cross_entropy_each`'s and the gradients are those of the two, to the bit wherever products do not
    depend on how many rows they are given at once, as MKL's do not. They are computed with the loss, where anything
    asks for gradients, and are in the workspace.
    """
    found: Tensor = _ReluLosses.apply(rows, weight, bias, back, labels, n_classes, workspace)
    return found


class _ReluLosses(Function):
    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        back: Tensor,
        labels: Tensor,
        n_classes: int,
        workspace: Workspace,
    ) -> Tensor:
        step = _Step(rows, weight, bias, back, labels, n_classes, workspace, any(ctx.needs_input_grad))
        ctx.gradients = step.run()
        return step.losses[..., 0].mean(dim=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_losses: Tensor) -> tuple[Tensor | None, ...]:
        gradients = ctx.gradients
        if of_losses.is_cuda or not (of_losses == 1).all():  # asking a card takes longer than multiplying
            gradients = [each * of_losses[:, None, None].to(each.dtype) for each in gradients]
        return (*gradients, None, None, None)


class _Step:
    """One pass forwards and backwards; what lasts beyond a block is in buffers of the workspace."""

    def __init__(
        self,
        rows: Tensor,
        weight: Tensor,
        bias: Tensor,
        back: Tensor,
        labels: Tensor,
        n_classes: int,
        workspace: Workspace,
        needs_gradient: bool,
    ) -> None:
        self.rows, self.weight, self.bias, self.back = rows, weight, bias, back
        self.labels, self.n_classes, self.needs_gradient = labels, n_classes, needs_gradient
        n_runs, n_inputs, width = *rows.shape[:2], weight.shape[1]
        self.both, self.of_both = workspace.like(rows, width), workspace.like(rows, width)
        self.of_rows = workspace.like(rows, rows.shape[2])
        self.losses = workspace.like(rows, 1, torch.float64)
        self.blocks = cached_blocks(n_runs, n_inputs, 2 * width * rows.element_size(), rows.device)
        largest = max((rows[block] for block in self.blocks), key=lambda part: part.shape[0] * part.shape[1])
        self.room = workspace.like(largest, n_classes, torch.float64)
        self.share = torch.full((), 1 / n_inputs, dtype=torch.float64, device=rows.device)

    def run(self) -> tuple[Tensor, ...]:
        """Losses into their buffer; the gradients of the mean loss for rows, weight, bias and back."""
        n_neurons = self.back.shape[2]
        for runs, inputs in self.blocks:
            self._step(runs, inputs)
        if not self.needs_gradient:
            return ()
        neurons, of_output = self.both[..., :n_neurons], self.of_both[..., n_neurons:]
        of_weight, of_back = self.of_both.mT @ self.rows, of_output.mT @ neurons
        return self.of_rows, of_weight, self.of_both.sum(dim=1, keepdim=True), of_back

    def _step(self, runs: slice, inputs: slice) -> None:
        rows, both, labels = (each[runs, inputs] for each in (self.rows, self.both, self.labels))
        weight, back, n_neurons = self.weight[runs], self.back[runs], self.back.shape[2]
        torch.baddbmm(self.bias[runs], rows, weight.mT, out=both)
        neurons = both[..., :n_neurons].relu_()
        logits = both[..., n_neurons:].baddbmm_(neurons, back.mT)[..., : self.n_classes]
        room = self.room[: rows.shape[0], : rows.shape[1]]
        total = exponentials(logits, labels, room, self.losses[runs, inputs, 0])
        if not self.needs_gradient:
            return
        of_both = self.of_both[runs, inputs]
        of_neurons, of_output = of_both[..., :n_neurons], of_both[..., n_neurons:]
        of_output[..., self.n_classes :].zero_()  # columns beyond the classes, which fill up whole vectors
        of_output[..., : self.n_classes] = gradient_of_logits(room, total, labels, self.share, room)
        torch.bmm(of_output, back, out=of_neurons)
        torch.ops.aten.threshold_backward.grad_input(of_neurons, neurons, 0, grad_input=of_neurons)
        torch.bmm(of_both, weight, out=self.of_rows[runs, inputs])
