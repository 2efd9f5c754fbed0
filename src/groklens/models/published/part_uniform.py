"""The transformer of Zhong et al. (2023): attention that is part softmax, part constant."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import torch
import torch.nn.functional as F
from einops import einsum
from jaxtyping import Float, Int
from torch import Tensor, nn

from groklens.models.lens import HookedRootModule, HookPoint

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu, "tanh": torch.tanh}


class PartUniformTransformer(HookedRootModule):
    """A non-causal transformer whose pattern is α·softmax(scores) + (1 − α), with TransformerLens names.

    At α = 0 attention is constant, at α = 1 ordinary. No norms, biases in the MLPs only. Weights by
    TransformerLens name and shape: `W_E` (d_vocab × d_model), `W_Q` (layer × head × d_model × d_head), ….
    Reference: Zhong et al. (2023), arXiv:2306.17844, section 4.
    """

    def __init__(
        self,
        *,
        n_layers: int,
        n_heads: int,
        d_model: int,
        d_head: int,
        d_mlp: int,
        d_vocab: int,
        d_vocab_out: int,
        n_ctx: int,
        act_fn: str,
        attn_coeff: float,
    ) -> None:
        super().__init__()
        self.cfg = SimpleNamespace(
            n_layers=n_layers,
            n_heads=n_heads,
            d_model=d_model,
            d_head=d_head,
            d_mlp=d_mlp,
            d_vocab=d_vocab,
            d_vocab_out=d_vocab_out,
            n_ctx=n_ctx,
            act_fn=act_fn,
            attn_coeff=attn_coeff,
        )
        self.embed = _weights(W_E=(d_vocab, d_model))
        self.pos_embed = _weights(W_pos=(n_ctx, d_model))
        self.unembed = _weights(W_U=(d_model, d_vocab_out))
        self.blocks = nn.ModuleList([_Block(self.cfg) for _ in range(n_layers)])
        self.hook_embed, self.hook_pos_embed = HookPoint(), HookPoint()
        self.setup()

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_vocab_out"]:
        """Logits at every position; the answer is read at the last."""
        residual = self.hook_embed(self.W_E[tokens]) + self.hook_pos_embed(
            self.W_pos[: tokens.shape[1]].expand(len(tokens), -1, -1)
        )
        for block in self.blocks:
            residual = block(residual)
        return residual @ self.W_U

    def __getattr__(self, name: str) -> Any:
        """Weights by TransformerLens name, per-layer ones stacked."""
        if name in ("W_E", "W_pos", "W_U"):
            home = {"W_E": "embed", "W_pos": "pos_embed", "W_U": "unembed"}[name]
            return cast(Any, super().__getattr__(home))[name]
        if name in ("W_Q", "W_K", "W_V", "W_O"):
            return torch.stack([cast(Any, block).attn.weights[name] for block in self.blocks])
        if name in ("W_in", "W_out", "b_in", "b_out"):
            return torch.stack([cast(Any, block).mlp.weights[name] for block in self.blocks])
        return super().__getattr__(name)


class _Block(nn.Module):
    def __init__(self, cfg: SimpleNamespace) -> None:
        super().__init__()
        self.attn, self.mlp = _Attention(cfg), _MLP(cfg)
        self.hook_resid_pre, self.hook_resid_mid, self.hook_resid_post = HookPoint(), HookPoint(), HookPoint()
        self.hook_attn_out, self.hook_mlp_out = HookPoint(), HookPoint()

    def forward(self, residual: Tensor) -> Tensor:
        residual = self.hook_resid_pre(residual)
        residual = self.hook_resid_mid(residual + self.hook_attn_out(self.attn(residual)))
        return self.hook_resid_post(residual + self.hook_mlp_out(self.mlp(residual)))


class _Attention(nn.Module):
    def __init__(self, cfg: SimpleNamespace) -> None:
        super().__init__()
        self.alpha = cfg.attn_coeff
        inward = (cfg.n_heads, cfg.d_model, cfg.d_head)
        self.weights = _weights(
            W_Q=inward, W_K=inward, W_V=inward, W_O=(cfg.n_heads, cfg.d_head, cfg.d_model)
        )
        self.hook_q, self.hook_k, self.hook_v = HookPoint(), HookPoint(), HookPoint()
        self.hook_z, self.hook_attn_scores, self.hook_pattern = HookPoint(), HookPoint(), HookPoint()

    def forward(self, residual: Tensor) -> Tensor:
        inward = "batch pos d_model, head d_model d_head -> batch pos head d_head"
        q = self.hook_q(einsum(residual, self.weights["W_Q"], inward))
        k = self.hook_k(einsum(residual, self.weights["W_K"], inward))
        v = self.hook_v(einsum(residual, self.weights["W_V"], inward))
        scores = einsum(q, k, "batch query head d, batch key head d -> batch head query key")
        scores = self.hook_attn_scores(scores / q.shape[-1] ** 0.5)
        pattern = self.hook_pattern(scores.softmax(dim=-1) * self.alpha + (1 - self.alpha))
        z = self.hook_z(einsum(pattern, v, "batch head query key, batch key head d -> batch query head d"))
        return einsum(z, self.weights["W_O"], "batch pos head d, head d d_model -> batch pos d_model")


class _MLP(nn.Module):
    def __init__(self, cfg: SimpleNamespace) -> None:
        super().__init__()
        self.act = _ACTIVATIONS[cfg.act_fn]
        self.weights = _weights(
            W_in=(cfg.d_model, cfg.d_mlp),
            b_in=(cfg.d_mlp,),
            W_out=(cfg.d_mlp, cfg.d_model),
            b_out=(cfg.d_model,),
        )
        self.hook_pre, self.hook_post = HookPoint(), HookPoint()

    def forward(self, residual: Tensor) -> Tensor:
        pre = self.hook_pre(residual @ self.weights["W_in"] + self.weights["b_in"])
        return self.hook_post(self.act(pre)) @ self.weights["W_out"] + self.weights["b_out"]


def _weights(**shapes: tuple[int, ...]) -> nn.ParameterDict:
    return nn.ParameterDict({name: nn.Parameter(torch.zeros(shape)) for name, shape in shapes.items()})
