"""One-layer ReLU transformers without norms, several runs stacked: one autograd function, its gradient by hand.

What autograd would record of it is some fifty products and sums of small tables, most of them for the gradients.
Written out, each gradient is one product, or a sum of two or three in place.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from groklens.models.fast_pass.columns import Attention, Neurons
from groklens.models.fast_pass.layer import Layer, Weights, unwrap
from groklens.models.fast_pass.rows import Positions
from groklens.models.workspace import Workspace


class OneLayer:
    """The forward pass of stacked runs of TransformerLens' `NativeModel`, for models that `one_layer` accepts."""

    def __init__(self, native: Any, of: Weights) -> None:
        layer = unwrap(native.layers[0])
        attention, mlp = unwrap(layer.attn), unwrap(layer.mlp)
        linears = (attention.q, attention.k, attention.v, attention.o, mlp.fc_in, mlp.fc_out)
        tables = [of(unwrap(each).weight) for each in (native.tok_embed, native.pos, native.head)]
        self._weights = (
            *tables,
            *(of(part) for each in map(unwrap, linears) for part in (each.weight, each.bias)),
        )
        self.n_heads, self.scale = attention.n_heads, attention.scale

    def logits(self, inputs: Positions, workspace: Workspace) -> Float[Tensor, "run input answer"]:
        """Logits at the answer: those of `folded.transformer` with other rounding, in less time where runs are stacked.

        All inputs must have the same token last (`Positions.is_read_from_one`).
        """
        return _OneLayer.apply(self, inputs, workspace, *self._weights).mT


def one_layer(native: Any, of: Weights) -> OneLayer | None:
    """The forward pass of stacked one-layer ReLU transformers without norms; None for any other model.

    `of` gives each parameter of the model its values by run.
    """
    layer = Layer(unwrap(native.layers[0]), of, Workspace())
    norms = (layer.ln1, layer.ln2, unwrap(native.ln_out))
    is_relu = layer.mlp is not None and layer.mlp.act is F.relu
    is_such = len(native.layers) == 1 and is_relu and all(isinstance(norm, nn.Identity) for norm in norms)
    return OneLayer(native, of) if is_such else None


class _OneLayer(Function):
    """The autograd function that computes the logits of a `OneLayer`, run × answer × input.

    Tables too have their rows along the last axis.

    W_in W_O, W_U W_O and W_U W_out are what neurons and logits read of attention's values, and what neurons write:
    `into`, `skip` and `back`. `before` is what all inputs have there before attention, the last position's.
    """

    @staticmethod
    def forward(
        ctx: Any, layer: OneLayer, inputs: Positions, workspace: Workspace, *weights: Tensor
    ) -> Tensor:
        embed, pos, head, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o, w_in, b_in, w_out, b_out = weights
        tokens, held = inputs.held
        places = held.to(embed).expand(len(embed), -1, -1)
        rows = torch.baddbmm(embed.index_select(1, tokens).mT, pos.mT, places)
        last = rows[:, :, -1:]
        q, k, v = (
            torch.baddbmm(bias[:, :, None], weight, each)
            for weight, bias, each in ((w_q, b_q, last), (w_k, b_k, rows), (w_v, b_v, rows))
        )
        scores = (q * k).unflatten(1, (layer.n_heads, -1)).sum(dim=2).div_(layer.scale)
        attention = Attention(scores, v, inputs.reads, workspace)
        before = last + b_o[:, :, None]
        beside = before + b_out[:, :, None]
        into = torch.bmm(w_in, w_o), torch.baddbmm(b_in[:, :, None], w_in, before)
        skip = torch.bmm(head, w_o), torch.bmm(head, beside)
        neurons = Neurons(attention.mixed, into, skip, torch.bmm(head, w_out), workspace)
        ctx.save_for_backward(head, w_q, w_k, w_v, w_o, w_in, w_out)
        ctx.tables = tokens, places, rows, q, k, before, beside
        ctx.attention, ctx.neurons, ctx.scale, ctx.n_tokens = attention, neurons, layer.scale, embed.shape[1]
        return neurons.output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_output: Tensor) -> tuple[Tensor | None, ...]:
        head, w_q, w_k, w_v, w_o, w_in, w_out = ctx.saved_tensors
        tokens, places, rows, q, k, before, beside = ctx.tables
        of_mixed, (of_into, of_b_in), (of_skip, of_b_skip), of_back = ctx.neurons.gradients(of_output)
        of_scores, of_v = ctx.attention.gradients(of_mixed)
        of_scores = of_scores.div_(ctx.scale).repeat_interleave(q.shape[1] // of_scores.shape[1], dim=1)
        of_q, of_k = (of_scores * k).sum(dim=2, keepdim=True), of_scores * q
        of_beside = torch.bmm(head.mT, of_b_skip)
        of_before = torch.baddbmm(of_beside, w_in.mT, of_b_in)
        of_rows = torch.bmm(w_k.mT, of_k).baddbmm_(w_v.mT, of_v)
        of_rows[:, :, -1:] += torch.baddbmm(of_before, w_q.mT, of_q)
        of_head = _product(of_skip, w_o).baddbmm_(of_b_skip, beside.mT).baddbmm_(of_back, w_out.mT)
        of_embed = of_rows.new_zeros(*of_rows.shape[:2], ctx.n_tokens)
        weights = (
            of_embed.scatter_add_(2, tokens.expand_as(of_rows), of_rows).mT,
            *(_product(places, of_rows), of_head),
            *(_product(of_q, rows[:, :, -1:]), of_q[:, :, 0]),
            *(_product(of_k, rows), of_k.sum(dim=2)),
            *(_product(of_v, rows), of_v.sum(dim=2)),
            *(torch.bmm(w_in.mT, of_into).baddbmm_(head.mT, of_skip), of_before[:, :, 0]),
            *(_product(of_into, w_o).baddbmm_(of_b_in, before.mT), of_b_in[:, :, 0]),
            *(torch.bmm(head.mT, of_back), of_beside[:, :, 0]),
        )
        return None, None, None, *weights


def _product(left: Float[Tensor, "run a c"], right: Float[Tensor, "run b c"]) -> Float[Tensor, "run a b"]:
    return torch.bmm(left, right.mT)
