"""The networks without attention of Zhong et al. (2023): two operands embedded, combined, read out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from groklens.models.lens import HookedRootModule, HookPoint

KINDS = ("A", "B", "C", "D", "X")


class PairNetwork(HookedRootModule):
    """logits = h W_U with h read from two embedded operands, in one of the paper's five ways.

    A: relu(l1(e_a + e_b)). B: relu(l2(relu(l1(e_a + e_b)))). C: relu(l2(relu(l1(e_a) + l1(e_b)))).
    D: relu(l1([e_a ; e_b])). X: as A, the second operand having a vocabulary of its own (tokens n … 2n−1).
    Hooks: `hook_embed` (batch × operand × d_embed) and `blocks.i.mlp.hook_pre`, `hook_post` (batch × 1 × d_mlp).
    Reference: Zhong et al. (2023), arXiv:2306.17844, appendix on linear models.
    """

    def __init__(self, *, kind: str, d_vocab: int, d_vocab_out: int, d_embed: int, d_mlp: int) -> None:
        super().__init__()
        n_layers = 2 if kind in "BC" else 1
        self.cfg = SimpleNamespace(
            n_layers=n_layers,
            d_vocab=d_vocab,
            d_vocab_out=d_vocab_out,
            d_model=d_embed,
            d_mlp=d_mlp,
            act_fn="relu",
            kind=kind,
            positions=(0, 1),
        )
        self.W_E = nn.Parameter(torch.zeros(d_vocab, d_embed))
        self.W_U = nn.Parameter(torch.zeros(d_mlp, d_vocab_out))
        self.blocks = nn.ModuleList()
        for layer in range(n_layers):
            width = d_mlp if layer else d_embed * (2 if kind == "D" else 1)
            self.blocks.append(nn.ModuleDict({"mlp": _Layer(width, d_mlp)}))
        self.hook_embed = HookPoint()
        self.setup()

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch 1 d_vocab_out"]:
        """Logits at the one position."""
        embedded = self.hook_embed(self.W_E[tokens[:, :2]])
        first, *rest = (cast(Any, block)["mlp"] for block in self.blocks)
        if self.cfg.kind == "D":
            hidden = first(embedded.flatten(1))
        elif self.cfg.kind == "C":  # l1 is applied to each operand, so its bias enters twice
            hidden = first(embedded.sum(dim=1), biases=2)
        else:
            hidden = first(embedded.sum(dim=1))
        for layer in rest:
            hidden = layer(hidden[:, 0])
        return hidden @ self.W_U


class _Layer(nn.Module):
    def __init__(self, d_in: int, d_out: int) -> None:
        super().__init__()
        self.W_in = nn.Parameter(torch.zeros(d_in, d_out))
        self.b_in = nn.Parameter(torch.zeros(d_out))
        self.hook_pre, self.hook_post = HookPoint(), HookPoint()

    def forward(self, x: Tensor, biases: int = 1) -> Tensor:
        pre = self.hook_pre((x @ self.W_in + biases * self.b_in)[:, None])
        return self.hook_post(torch.relu(pre))
