"""`HookedMLP`: an MLP on operand tokens or features with TransformerLens hooks and weight names."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from types import SimpleNamespace
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from groklens.models.activations import MLP_ACTIVATIONS
from groklens.models.lens import HookedRootModule, HookPoint


class HookedMLP(HookedRootModule):
    """logits = act(Σ_i e(x_i) W_in[i] + b_in) W_U + b_U, with hooks as in a one-layer transformer.

    Operand i stands at `positions[i]` of the input, by default at i. With `combine="product"` the operands' terms are
    multiplied (Π_i) instead of added. With `d_in`, inputs are that many features, x W_in[0] in place of Σ_i.

    Hooks: `hook_embed` (batch × operand × d_embed, only with embeddings), `blocks.0.mlp.hook_pre` and
    `hook_post` (batch × 1 × d_mlp: one position, the answer's). Weights: `W_E` (d_vocab × d_embed), `W_in`
    (operand × d_embed × d_mlp, or 1 × … when operands share them, or 1 × d_in × d_mlp), `W_U` (d_mlp × d_vocab_out),
    `b_in`, `b_U`.
    """

    def __init__(
        self,
        *,
        n_operands: int,
        positions: Sequence[int] | None = None,
        d_vocab: int | None = None,
        d_in: int | None = None,
        d_vocab_out: int,
        d_mlp: int,
        d_embed: int | None,
        combine: str,
        act_fn: str,
    ) -> None:
        super().__init__()
        width = d_embed or d_vocab or d_in or 0
        sources = 1 if combine == "sum" else n_operands
        self.cfg = SimpleNamespace(
            n_layers=1,
            d_vocab=d_vocab,
            d_in=d_in,
            d_vocab_out=d_vocab_out,
            d_mlp=d_mlp,
            d_model=width,
            act_fn=act_fn,
            combine=combine,
            n_operands=n_operands,
            positions=tuple(range(n_operands) if positions is None else positions),
        )
        self.W_E = nn.Parameter(torch.empty(d_vocab or 0, width)) if d_embed else None
        self.W_in = nn.Parameter(torch.empty(sources, width, d_mlp))
        self.b_in = nn.Parameter(torch.empty(d_mlp))
        self.unembed = nn.ParameterDict(
            {
                "W_U": nn.Parameter(torch.empty(d_mlp, d_vocab_out)),
                "b_U": nn.Parameter(torch.empty(d_vocab_out)),
            }
        )
        self.hook_embed = HookPoint()
        self.blocks = nn.ModuleList([nn.ModuleDict({"mlp": _Hooks()})])
        self.setup()

    @property
    def W_U(self) -> Float[Tensor, "d_mlp d_vocab_out"]:
        """The readout, d_mlp × d_vocab_out."""
        return self.unembed["W_U"]

    @property
    def b_U(self) -> Float[Tensor, "d_vocab_out"]:
        """The readout's bias."""
        return self.unembed["b_U"]

    def forward(
        self, inputs: Int[Tensor, "batch pos"] | Float[Tensor, "batch feature"]
    ) -> Float[Tensor, "batch 1 d_vocab_out"]:
        """Logits at the one position."""
        terms = (
            self._of_tokens(inputs) if self.cfg.d_in is None else [inputs.to(self.W_in.dtype) @ self.W_in[0]]
        )
        hooks = cast(Any, self.blocks[0])["mlp"]
        combined = prod(terms[1:], start=terms[0]) if self.cfg.combine == "product" else sum(terms)
        pre = hooks.hook_pre((combined + self.b_in)[:, None, :])
        post = hooks.hook_post(MLP_ACTIVATIONS[self.cfg.act_fn](pre))
        return post @ self.W_U + self.b_U

    def _of_tokens(self, tokens: Int[Tensor, "batch pos"]) -> list[Float[Tensor, "batch d_mlp"]]:
        """What each operand adds to the neurons."""
        operands = tokens[:, list(self.cfg.positions)]
        sources = [operands[:, i] for i in range(self.cfg.n_operands)]
        # F.embedding and not indexing: the gradient of that is not the same to the bit every time.
        weights = [self.W_in[min(i, len(self.W_in) - 1)] for i in range(self.cfg.n_operands)]
        if self.W_E is None:
            return [F.embedding(source, weight) for weight, source in zip(weights, sources, strict=True)]
        embedded = self.hook_embed(F.embedding(operands, self.W_E))
        return [embedded[:, i] @ weight for i, weight in enumerate(weights)]


class _Hooks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hook_pre = HookPoint()
        self.hook_post = HookPoint()
