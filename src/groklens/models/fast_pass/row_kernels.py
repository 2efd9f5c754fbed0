"""Kernels of the fast pass that touch every input, with gradients written out by hand.

Autograd would give the same gradients; written out, they fill buffers of a `Workspace` in place. Everything
else that a step computes is small: tables of one row a token.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from groklens.models.fast_pass.rows import Rows, sum_by_row
from groklens.models.workspace import Workspace


def mix(pattern: Tensor, values: list[Rows], workspace: Workspace) -> Tensor:
    """z = Σ_key pattern · value: what attention reads, run × input × head·d_head, in the workspace.

    `pattern` is key × run × input × head; `values` has a `Rows` (of head·d_head features) a key.
    """
    return _Mix.apply(pattern, workspace, [v.index for v in values], *[v.values for v in values])


def relu_block(
    rows: Tensor, weight: Tensor, bias: Tensor, back: Tensor, workspace: Workspace
) -> tuple[Tensor, Tensor]:
    """relu(X·into + b_into)·back + X·skip + b_skip: one product in, one product out.

    `weight` (run × neuron+output × feature) holds `into` above `skip`, `bias` (run × 1 × neuron+output) their
    biases, `back` is run × output × neuron. Without skip rows the last two terms are absent. Gives the output
    (run × input × output) and the activations (run × input × neuron, no gradient through them), both in the
    workspace.
    """
    return _ReluBlock.apply(rows, weight, bias, back, workspace)


class _ReluBlock(Function):
    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, back: Tensor, workspace: Workspace
    ) -> tuple[Tensor, Tensor]:
        n_outputs, n_neurons = back.shape[1:]
        both = workspace.like(rows, weight.shape[1])
        torch.baddbmm(bias, rows, weight.mT, out=both)
        neurons = both[..., :n_neurons].relu_()
        if weight.shape[1] > n_neurons:
            output = both[..., n_neurons:].baddbmm_(neurons, back.mT)
        else:
            output = torch.bmm(neurons, back.mT, out=workspace.like(rows, n_outputs))
        ctx.save_for_backward(rows, weight, back)
        ctx.neurons, ctx.workspace = neurons, workspace
        ctx.mark_non_differentiable(neurons)
        ctx.set_materialize_grads(False)  # no zeros as large as the activations
        return output, neurons

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_output: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
        if of_output is None:  # nobody asked
            return (None,) * 5
        rows, weight, back = ctx.saved_tensors
        n_neurons = back.shape[2]
        both = ctx.workspace.like(rows, weight.shape[1])
        into = torch.bmm(of_output, back, out=both[..., :n_neurons])
        torch.ops.aten.threshold_backward.grad_input(into, ctx.neurons, 0, grad_input=into)
        if weight.shape[1] > n_neurons:
            both[..., n_neurons:] = of_output
        return (
            torch.bmm(both, weight, out=ctx.workspace.like(rows, weight.shape[2])),
            both.mT @ rows,
            both.sum(dim=1, keepdim=True),
            of_output.mT @ ctx.neurons,
            None,
        )


class _Mix(Function):
    @staticmethod
    def forward(
        ctx: Any, pattern: Tensor, workspace: Workspace, indices: list[Tensor | None], *tables: Tensor
    ) -> Tensor:
        mixed = workspace.like(pattern[0], tables[0].shape[2])
        room = workspace.like(pattern[0], tables[0].shape[2])
        by_head = _by_head(mixed, pattern[0])
        for key, (index, table) in enumerate(zip(indices, tables, strict=True)):
            value, weight = _by_head(_read(table, index, room), pattern[0]), pattern[key, ..., None]
            if key == 0:
                torch.mul(value, weight, out=by_head)
            else:
                by_head.addcmul_(value, weight)
        ctx.save_for_backward(pattern, *tables)
        ctx.indices, ctx.room = indices, room
        return mixed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mixed: Tensor) -> tuple[Tensor | None, ...]:
        pattern, *tables = ctx.saved_tensors
        by_head, room = _by_head(of_mixed, pattern[0]), _by_head(ctx.room, pattern[0])
        of_pattern, of_tables = torch.empty_like(pattern), []
        for key, (index, table) in enumerate(zip(ctx.indices, tables, strict=True)):
            value = _by_head(_read(table, index, ctx.room), pattern[0])
            torch.sum(torch.mul(value, by_head, out=room), dim=-1, out=of_pattern[key])
            torch.mul(by_head, pattern[key, ..., None], out=room)
            of_tables.append(_gradient_of_table(table, index, ctx.room))
        return of_pattern, None, None, *of_tables


def _by_head(flat: Tensor, weight: Tensor) -> Tensor:
    return flat.reshape(*flat.shape[:2], weight.shape[2], -1)


def _read(table: Tensor, index: Tensor | None, room: Tensor) -> Tensor:
    if index is None:
        return table
    torch.index_select(table.flatten(0, 1), 0, index, out=room.view(-1, table.shape[2]))
    return room


def _gradient_of_table(table: Tensor, index: Tensor | None, of_rows: Tensor) -> Tensor:
    if index is None:
        return of_rows.clone() if table.shape[1] == of_rows.shape[1] else of_rows.sum(dim=1, keepdim=True)
    n_rows = table.shape[0] * table.shape[1]
    return sum_by_row(of_rows.flatten(0, 1), index, n_rows).view_as(table)
