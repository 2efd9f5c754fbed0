"""Attention of a user's own that does not say how many heads it has is told that, and not that it has no hooks."""

import pytest
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

TASK = gl.ModularArithmetic(11)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.pattern, self.out = nn.Linear(16, 48), nn.Identity(), nn.Linear(16, 16)
        self.q, self.k, self.v = nn.Identity(), nn.Identity(), nn.Identity()

    def forward(self, x):
        q, k, v = (each.view(*x.shape[:2], 2, 8) for each in self.qkv(x).split(16, -1))
        q, k, v = (each.transpose(1, 2) for each in (self.q(q), self.k(k), self.v(v)))
        pattern = self.pattern(torch.softmax(q @ k.mT, -1))
        return self.out((pattern @ v).transpose(1, 2).reshape(x.shape))


class Network(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        self.embed, self.attention, self.unembed = nn.Embedding(12, 16), Attention(), nn.Linear(16, 11)
        for name, size in sizes.items():
            setattr(self.attention, name, size)

    def forward(self, tokens):
        x = self.embed(tokens)
        return self.unembed((x + self.attention(x))[:, -1])


def seen(inside=("q", "k", "v", "pattern"), **sizes):
    names = {f"attention.{name}": f"blocks.0.attn.hook_{name}" for name in inside}
    return gl.Snapshot(gl.hooked(Network(**sizes), names=names), TASK)


@pytest.mark.parametrize(
    "look",
    [
        gl.measures.induction_heads, gl.measures.induction, gl.measures.first_token, gl.measures.attention_component,
        gl.measures.copying_heads, gl.views.attention, gl.views.heads,
    ],
    ids=lambda each: each.__name__,
)  # fmt: skip
def test_that_it_does_not_say_how_many_heads_is_said(look):
    with pytest.raises(
        BadArgument, match=r"does not say how many heads it has\. Give that part .* n_heads"
    ) as error:
        look(seen())
    assert "has no blocks" not in str(error.value)


def test_of_attention_that_says_it_patterns_are_measured():
    assert gl.measures.first_token(seen(n_heads=2)).sizes["head"] == 2


def test_of_attention_without_the_hook_the_hook_is_asked_for():
    with pytest.raises(BadArgument, match=r"this model has no blocks\.0\.attn\.hook_q and"):
        gl.measures.attention_component(seen(["pattern"]))
