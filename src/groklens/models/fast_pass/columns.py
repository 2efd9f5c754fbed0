"""Kernels of runs stacked, with inputs along the last axis, where every loop over them is over whole vectors.

What `row_kernels` does for a run by itself, with other rounding. A head is 8 numbers wide in a small model, an answer
one of 23: loops over so few are mostly beginnings and ends. Inputs are hundreds, and the products do not mind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from groklens.models.fast_pass.rows import Rows
from groklens.models.workspace import Workspace


def attend_by_columns(
    scores: Sequence[Rows], values: Sequence[Rows], workspace: Workspace
) -> Float[Tensor, "run feature input"]:
    """What attention reads, in the workspace: Σ_key softmax_key(score) · value.

    `scores` are run × row × head, `values` run × row × head·d_head, one of each a key.
    """
    tables = [each.values.mT.contiguous() for each in (*scores, *values)]
    places = [_places(each) for each in scores]
    of_inputs = [_read(table, place) for table, place in zip(tables[: len(scores)], places, strict=True)]
    pattern = torch.stack(torch.broadcast_tensors(*of_inputs)).softmax(dim=0)
    return _Mix.apply(pattern, workspace, places, *tables[len(scores) :])


def relu_by_columns(
    columns: Float[Tensor, "run feature input"],
    weight: Float[Tensor, "run row feature"],
    bias: Float[Tensor, "run row 1"],
    back: Float[Tensor, "run output neuron"],
    workspace: Workspace,
) -> Float[Tensor, "run output input"]:
    """back·relu(into·X + b_into) + skip·X + b_skip in the workspace; `weight` and `bias` hold `into` above `skip`."""
    return _ReluBlock.apply(columns, weight, bias, back, workspace)


class _Mix(Function):
    @staticmethod
    def forward(
        ctx: Any, pattern: Tensor, workspace: Workspace, places: list[Tensor | None], *tables: Tensor
    ) -> Tensor:
        n_inputs = pattern.shape[-1]
        wide = (*tables[0].shape[:2], n_inputs)
        mixed, values = workspace.of(wide, pattern), []
        by_head = _by_head(mixed, pattern)
        for key, (table, place) in enumerate(zip(tables, places, strict=True)):
            room = None if place is None else workspace.of(wide, pattern)
            values.append(_read(table, place, room))
            value, weight = _by_head(values[-1], pattern), pattern[key, :, :, None]
            if key == 0:
                torch.mul(value, weight, out=by_head)
            else:
                by_head.addcmul_(value, weight)
        ctx.save_for_backward(pattern, *tables)
        ctx.places, ctx.values, ctx.room = places, values, workspace.of(wide, pattern)
        return mixed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mixed: Tensor) -> tuple[Tensor | None, ...]:
        pattern, *tables = ctx.saved_tensors
        by_head, room = _by_head(of_mixed, pattern), _by_head(ctx.room, pattern)
        of_pattern, of_tables = torch.empty_like(pattern), []
        for key, (table, place) in enumerate(zip(tables, ctx.places, strict=True)):
            torch.mul(_by_head(ctx.values[key], pattern), by_head, out=room)
            torch.sum(room, dim=2, out=of_pattern[key])
            torch.mul(by_head, pattern[key, :, :, None], out=room)
            of_tables.append(_gradient_of_table(table, place, ctx.room))
        return of_pattern, None, None, *of_tables


class _ReluBlock(Function):
    @staticmethod
    def forward(
        ctx: Any, columns: Tensor, weight: Tensor, bias: Tensor, back: Tensor, workspace: Workspace
    ) -> Tensor:
        n_neurons = back.shape[2]
        both = torch.baddbmm(
            bias, weight, columns, out=workspace.of((*weight.shape[:2], columns.shape[2]), weight)
        )
        neurons = both[:, :n_neurons].relu_()
        ctx.save_for_backward(columns, weight, back)
        ctx.neurons, ctx.workspace = neurons, workspace
        return both[:, n_neurons:].baddbmm_(back, neurons)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_output: Tensor) -> tuple[Tensor | None, ...]:
        columns, weight, back = ctx.saved_tensors
        n_neurons, n_inputs = back.shape[2], columns.shape[2]
        both = ctx.workspace.of((*weight.shape[:2], n_inputs), weight)
        into = torch.bmm(back.mT, of_output, out=both[:, :n_neurons])
        torch.ops.aten.threshold_backward.grad_input(into, ctx.neurons, 0, grad_input=into)
        both[:, n_neurons:] = of_output
        return (
            torch.bmm(weight.mT, both, out=ctx.workspace.of(columns.shape, columns)),
            torch.bmm(both, columns.mT),
            both.sum(dim=2, keepdim=True),
            torch.bmm(of_output, ctx.neurons.mT),
            None,
        )


def _places(rows: Rows) -> Int[Tensor, "run 1 input"] | None:
    """Which row of its own run each input reads; None where all read one."""
    if rows.index is None:
        return None
    n_runs, n_rows = rows.values.shape[:2]
    return (
        rows.index.view(n_runs, 1, -1)
        - n_rows * torch.arange(n_runs, device=rows.index.device)[:, None, None]
    )


def _read(table: Tensor, place: Tensor | None, room: Tensor | None = None) -> Tensor:
    if place is None:
        return table
    return torch.gather(table, 2, place.expand(-1, table.shape[1], -1), out=room)


def _by_head(columns: Tensor, pattern: Tensor) -> Tensor:
    return columns.unflatten(1, (pattern.shape[2], -1))


def _gradient_of_table(table: Tensor, place: Tensor | None, of_columns: Tensor) -> Tensor:
    if place is None:
        return of_columns.sum(dim=2, keepdim=True)
    return torch.zeros_like(table).scatter_add_(2, place.expand(-1, table.shape[1], -1), of_columns)
