"""Networks as people write them in an ordinary training script: no hook, no name of TransformerLens."""

import torch
import torch.nn.functional as F
from torch import nn

import groklens as gl

T13 = gl.ModularArithmetic(13, "add")


class Clock(nn.Module):
    """A planted clock's weights in a network whose operands are tokens at the positions `reads`."""

    def __init__(self, task=T13, components=(3, 5), reads=(0, 1)):
        super().__init__()
        planted = gl.planted(task, components)
        (tokens, width), hidden = planted.W_E.shape, planted.cfg.d_mlp
        self.reads = reads
        self.embedding = nn.Embedding(tokens, width)
        self.left, self.right = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.mixed = nn.Identity()
        self.head = nn.Linear(hidden, planted.W_U.shape[1], bias=False)
        with torch.no_grad():
            self.embedding.weight.copy_(planted.W_E)
            self.left.weight.copy_(planted.W_in[0].T)
            self.right.weight.copy_(planted.W_in[1].T)
            self.head.weight.copy_(planted.W_U.T)

    def forward(self, tokens):
        embedded = self.embedding(tokens[:, list(self.reads)])
        return self.head(self.mixed(self.left(embedded[:, 0]) * self.right(embedded[:, 1])))


#: What opens everything in a `Clock`.
CLOCK_NAMES = {
    "embedding": "hook_embed",
    "mixed": "blocks.0.mlp.hook_post",
    "embedding.weight": "W_E",
    "head.weight": "W_U",
}


class SequenceFirst(Clock):
    """Tokens and logits are pos × input."""

    def forward(self, tokens):
        embedded = self.embedding(tokens)
        answer = self.head(self.mixed(self.left(embedded[0]) * self.right(embedded[1])))
        return torch.stack([torch.zeros_like(answer), answer])


class Tuple(Clock):
    """Gives what it computed before the logits, and then these."""

    def forward(self, tokens):
        embedded = self.embedding(tokens[:, :2])
        return embedded, super().forward(tokens)


class Operator(Clock):
    """`a op b =`, and logits over the whole vocabulary at every position."""

    def __init__(self, task):
        super().__init__(task, reads=(0, 2))

    def forward(self, tokens):
        logits = F.pad(super().forward(tokens), (0, 2), value=-30.0)
        return logits[:, None].expand(-1, tokens.shape[1], -1)


class TwoArguments(nn.Module):
    """A multilayer perceptron on two one-hots, each its own argument; its answer is a clock's."""

    def __init__(self):
        super().__init__()
        planted = gl.planted(T13, (3, 5))
        self.a, self.b = (nn.Linear(13, planted.cfg.d_mlp, bias=False) for _ in range(2))
        self.mixed = nn.Identity()
        self.out = nn.Linear(planted.cfg.d_mlp, 13, bias=False)
        with torch.no_grad():
            for layer, read in zip((self.a, self.b), planted.W_in, strict=True):
                layer.weight.copy_((planted.W_E[:13] @ read).T)
            self.out.weight.copy_(planted.W_U.T)

    def forward(self, a, b):
        return self.out(self.mixed(self.a(a) * self.b(b)))


class TorchTransformer(nn.Module):
    """`nn.TransformerEncoder` as in its tutorial, its weights tied; positions first unless `batch_first`."""

    def __init__(self, n=7, width=16, heads=2, layers=2, batch_first=True, norm_first=False, causal=False):
        super().__init__()
        self.batch_first, self.causal = batch_first, causal
        self.embedding = nn.Embedding(n + 1, width)
        self.positions = nn.Parameter(torch.randn(3, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, 0.1, batch_first=batch_first, norm_first=norm_first
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, n + 1, bias=False)
        self.head.weight = self.embedding.weight
        for parameter in self.parameters():  # all layers are copies of one at first
            nn.init.normal_(parameter, std=0.3)

    def forward(self, tokens):
        positions = self.positions if self.batch_first else self.positions[:, None]
        mask = nn.Transformer.generate_square_subsequent_mask(3) if self.causal else None
        hidden = self.encoder(self.embedding(tokens) + positions, mask=mask, is_causal=self.causal)
        return self.head(self.norm(hidden))


def encoder_names(layers=2):
    """What opens neurons, heads and weights of a `TorchTransformer`."""
    names = {"embedding": "hook_embed", "embedding.weight": "W_E", "head.weight": "W_U", "positions": "W_pos"}
    for layer in range(layers):
        path = f"encoder.layers.{layer}"
        names |= {
            f"{path}.self_attn": f"blocks.{layer}.attn",
            f"{path}.linear1": f"blocks.{layer}.mlp.hook_pre",
            f"{path}.linear2.hook_input": f"blocks.{layer}.mlp.hook_post",
            f"{path}.linear2.weight": f"blocks.{layer}.mlp.W_out",
        }
    return names
