"""Kernels of runs stacked, with inputs along the last axis, where every loop over them is over whole vectors.

What `row_kernels` does for a run by itself, with other rounding. A head is 8 numbers wide in a small model, an answer
one of 23: loops over so few are mostly beginnings and ends. Inputs are hundreds, and the products do not mind.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from groklens.models.workspace import Workspace


def attend_by_columns(
    scores: Float[Tensor, "run row head"],
    values: Float[Tensor, "run row feature"],
    reads: Int[Tensor, "run key input"],
    workspace: Workspace,
) -> Float[Tensor, "run feature input"]:
    """What attention reads, in the workspace: Σ_key softmax_key(score) · value.

    `reads` says which row each input reads of each key. Of the last key that is the last row for all of them: as shares
    sum to one, what is added up is how other values differ from that one.
    """
    return _Attend.apply(scores, values, reads, workspace)


def relu_by_columns(
    mixed: Float[Tensor, "run feature input"],
    into: tuple[Float[Tensor, "run neuron feature"], Float[Tensor, "run neuron 1"]],
    skip: tuple[Float[Tensor, "run output feature"], Float[Tensor, "run output 1"]],
    back: Float[Tensor, "run output neuron"],
    workspace: Workspace,
) -> Float[Tensor, "run output input"]:
    """back·relu(into·X + b_into) + skip·X + b_skip in the workspace; `into` and `skip` are weight and bias."""
    return _ReluBlock.apply(mixed, *into, *skip, back, workspace)


class _Attend(Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, values: Tensor, reads: Tensor, workspace: Workspace) -> Tensor:
        n_heads, n_features = scores.shape[2], values.shape[2]
        n_runs, n_keys, n_inputs = reads.shape
        of_keys = workspace.of((n_runs, n_heads, n_keys, n_inputs), scores)
        torch.gather(scores.mT, 2, _of_each(reads, n_heads), out=of_keys.flatten(2))
        pattern = torch.softmax(of_keys, 2, out=workspace.of(of_keys.shape, scores))
        own, of_others = values.mT[:, :, -1:], _of_each(reads[:, :-1], n_features)
        read = torch.gather(values.mT - own, 2, of_others, out=workspace.of(of_others.shape, values))
        read = read.view(n_runs, n_heads, -1, n_keys - 1, n_inputs)
        mixed = workspace.of((*read.shape[:3], n_inputs), values)
        so_far = own.view(*read.shape[:3], 1)
        for key in range(n_keys - 1):
            so_far = torch.addcmul(so_far, read[:, :, :, key], pattern[:, :, None, key], out=mixed)
        ctx.reads, ctx.pattern, ctx.read, ctx.n_rows = reads, pattern, read, values.shape[1]
        ctx.of_keys, ctx.of_read = of_keys, workspace.of(read.shape, values)
        return mixed.flatten(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mixed: Tensor) -> tuple[Tensor | None, ...]:
        reads, pattern, of_keys, of_read = ctx.reads, ctx.pattern, ctx.of_keys, ctx.of_read
        by_head = of_mixed.view(*of_read.shape[:3], 1, -1)
        of_shares = torch.sum(torch.mul(ctx.read, by_head, out=of_read), 2, out=of_keys[:, :, :-1])
        total = of_shares.mul_(pattern[:, :, :-1]).sum(dim=2, keepdim=True)
        of_keys[:, :, -1] = 0
        of_scores = _added(of_keys.addcmul_(pattern, total, value=-1), reads, ctx.n_rows)
        of_values = _added(
            torch.mul(by_head, pattern[:, :, None, :-1], out=of_read), reads[:, :-1], ctx.n_rows
        )
        of_values[:, :, -1] = of_mixed.sum(dim=2) - of_values.sum(dim=2)
        return of_scores.mT, of_values.mT, None, None


class _ReluBlock(Function):
    @staticmethod
    def forward(
        ctx: Any,
        mixed: Tensor,
        into: Tensor,
        b_into: Tensor,
        skip: Tensor,
        b_skip: Tensor,
        back: Tensor,
        workspace: Workspace,
    ) -> Tensor:
        n_inputs = mixed.shape[2]
        received = workspace.of((*into.shape[:2], n_inputs), mixed)
        neurons = torch.bmm(into, mixed, out=received).add_(b_into).relu_()
        skipped = workspace.of((*skip.shape[:2], n_inputs), mixed)
        ctx.save_for_backward(mixed, into, skip, back)
        ctx.neurons, ctx.workspace = neurons, workspace
        return torch.bmm(skip, mixed, out=skipped).add_(b_skip).baddbmm_(back, neurons)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_output: Tensor) -> tuple[Tensor | None, ...]:
        mixed, into, skip, back = ctx.saved_tensors
        of_neurons = torch.bmm(back.mT, of_output, out=ctx.workspace.of(ctx.neurons.shape, mixed))
        torch.ops.aten.threshold_backward.grad_input(of_neurons, ctx.neurons, 0, grad_input=of_neurons)
        of_mixed = torch.bmm(into.mT, of_neurons, out=ctx.workspace.of(mixed.shape, mixed))
        return (
            of_mixed.baddbmm_(skip.mT, of_output),
            torch.bmm(of_neurons, mixed.mT),
            of_neurons.sum(dim=2, keepdim=True),
            torch.bmm(of_output, mixed.mT),
            of_output.sum(dim=2, keepdim=True),
            torch.bmm(of_output, ctx.neurons.mT),
            None,
        )


def _of_each(reads: Tensor, n_features: int) -> Int[Tensor, "run feature read"]:
    return reads.flatten(1)[:, None].expand(-1, n_features, -1)


def _added(of_read: Tensor, reads: Tensor, n_rows: int) -> Float[Tensor, "run feature row"]:
    """The gradient of a table: of each row that of whatever read it."""
    columns = of_read.reshape(len(reads), -1, reads.shape[1] * reads.shape[2])
    index = _of_each(reads, columns.shape[1])
    return columns.new_zeros(*columns.shape[:2], n_rows).scatter_add_(2, index, columns)
