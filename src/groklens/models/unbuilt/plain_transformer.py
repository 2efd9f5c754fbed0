"""`PlainTransformer`: TransformerLens' own transformer without its hooks, operation by operation, in plain torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

#: What is done with a value that passes: the hook's name and the value, to the value that goes on.
Passing = Callable[[str, Tensor], Tensor]
State = Mapping[str, Tensor]
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
#: What has to be said of a model.
_NEEDS = (
    "n_layers",
    "d_model",
    "n_heads",
    "d_head",
    "d_vocab",
    "d_vocab_out",
    "n_ctx",
    "attn_only",
    "attention_dir",
)


class PlainTransformer(nn.Module):
    """Logits at every position by the operations of `NativeModel` in their order, so to the bit, without norms.

    Parts go by that class's names, which the fast pass reads; weights are those of `state`, by the names of a bridge's
    state, and are not copied.
    """

    def __init__(self, config: Mapping[str, Any], state: State) -> None:
        super().__init__()
        self.tok_embed = _Weight(state["embed.weight"])
        self.pos = _Weight(state["pos_embed.weight"])
        layers = [_Layer(config, state, f"blocks.{layer}") for layer in range(config["n_layers"])]
        self.layers = nn.ModuleList(layers)
        self.ln_out = nn.Identity()
        self.head = _Weight(state["unembed.weight"])

    def forward(self, tokens: Int[Tensor, "batch pos"], passing: Passing) -> Float[Tensor, "batch pos class"]:
        """Logits, each value that goes by a hook's name handed to `passing` on its way."""
        positions = torch.arange(tokens.shape[1], device=tokens.device).unsqueeze(0).expand(len(tokens), -1)
        values = passing("hook_embed", F.embedding(tokens, self.tok_embed.weight))
        values = values + F.embedding(positions, self.pos.weight)
        for layer in self.layers:
            values = layer(values, passing)
        return F.linear(values, self.head.weight)


def shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of every weight of a state, by its name; what has a bias of the unembedding may have that too."""
    width, inner = config["d_model"], config["n_heads"] * config["d_head"]
    found: dict[str, tuple[int, ...]] = {
        "embed.weight": (config["d_vocab"], width),
        "pos_embed.weight": (config["n_ctx"], width),
    }
    maps: dict[str, tuple[int, int]] = {f"attn.{name}": (inner, width) for name in "qkv"} | {
        "attn.o": (width, inner)
    }
    if not config["attn_only"]:
        maps |= {"mlp.in": (config["d_mlp"], width), "mlp.out": (width, config["d_mlp"])}
    for layer in range(config["n_layers"]):
        for name, shape in maps.items():
            found[f"blocks.{layer}.{name}.weight"], found[f"blocks.{layer}.{name}.bias"] = shape, shape[:1]
    return {**found, "unembed.weight": (config["d_vocab_out"], width)}


def is_plain(config: Mapping[str, Any]) -> bool:
    """Whether `PlainTransformer` computes a model of this description: positions learned, no norms and no extras."""
    return (
        all(name in config for name in _NEEDS)
        and config["attention_dir"] in ("causal", "bidirectional")
        and config.get("positional_embedding_type") == "standard"
        and config.get("normalization_type") is None
        and not config.get("final_rms")
        and not config.get("gated_mlp")
        and config.get("n_key_value_heads") is None
        and max(config.get("attn_scores_soft_cap", 1), config.get("output_logits_soft_cap", 1)) <= 0
        and isinstance(config.get("d_mlp"), int)
        and (config.get("attn_only") is True or config.get("act_fn") in _ACTIVATIONS)
    )


class _Weight(nn.Module):
    """A table of embeddings, or a linear map with or without a bias."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, values: Tensor) -> Tensor:
        return F.linear(values, self.weight, self.bias)


def _linear(state: State, name: str) -> _Weight:
    return _Weight(state[f"{name}.weight"], state[f"{name}.bias"])


class _Layer(nn.Module):
    def __init__(self, config: Mapping[str, Any], state: State, name: str) -> None:
        super().__init__()
        self.ln1 = nn.Identity()
        self.attn = _Attention(config, state, f"{name}.attn")
        if not config["attn_only"]:
            self.ln2 = nn.Identity()
            self.mlp = _MLP(config, state, f"{name}.mlp")

    def forward(self, values: Tensor, passing: Passing) -> Tensor:
        values = values + self.attn(values, passing)
        return values + self.mlp(values, passing) if hasattr(self, "mlp") else values


class _Attention(nn.Module):
    def __init__(self, config: Mapping[str, Any], state: State, name: str) -> None:
        super().__init__()
        self._name, self.n_heads, self.scale = name, config["n_heads"], math.sqrt(config["d_head"])
        self.causal = config["attention_dir"] == "causal"
        self.q, self.k, self.v, self.o = (_linear(state, f"{name}.{each}") for each in "qkvo")

    def forward(self, values: Tensor, passing: Passing) -> Tensor:
        batch, seq, _ = values.shape
        q, k, v = (
            each(values).view(batch, seq, self.n_heads, -1).transpose(1, 2)
            for each in (self.q, self.k, self.v)
        )
        scores = torch.matmul(q, k.transpose(-2, -1)) / self.scale
        unseen = torch.ones(seq, seq, dtype=torch.bool, device=values.device).triu(diagonal=1) & self.causal
        pattern = scores.masked_fill(unseen, float("-inf")).softmax(dim=-1).masked_fill(unseen, 0.0)
        pattern = passing(f"{self._name}.hook_pattern", pattern)
        return self.o(torch.matmul(pattern, v).transpose(1, 2).contiguous().view(batch, seq, -1))


class _MLP(nn.Module):
    def __init__(self, config: Mapping[str, Any], state: State, name: str) -> None:
        super().__init__()
        self._name, self.act = name, _ACTIVATIONS[config["act_fn"]]
        self.fc_in, self.fc_out = _linear(state, f"{name}.in"), _linear(state, f"{name}.out")

    def forward(self, values: Tensor, passing: Passing) -> Tensor:
        received = passing(f"{self._name}.hook_pre", self.fc_in(values))
        return self.fc_out(passing(f"{self._name}.hook_post", self.act(received)))
