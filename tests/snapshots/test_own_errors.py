"""What a model of somebody's own raises is handed on as it is; why is guessed where torch itself says it."""

import pytest
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

TASK = gl.ModularArithmetic(13)
TOO_FEW, OTHER_INPUTS = "embeddings of fewer tokens", "takes operands apart, or one-hots"


class Own(nn.Module):
    """A module whose forward is a function of its embeddings, of a table as large, and of the tokens."""

    def __init__(self, forward, rows=14):
        super().__init__()
        self.embed, self.table = nn.Embedding(rows, 8), nn.Parameter(torch.zeros(rows, 8))
        self.out, self.how = nn.Linear(24, 13), forward

    def forward(self, tokens):
        return self.out(self.how(self, tokens).flatten(1))


def raises(error):
    def forward(module, tokens):
        raise error

    return forward


@pytest.mark.parametrize(
    "error",
    [
        IndexError("index out of range in self.buckets: call fit() first"),
        IndexError("index 7 is out of bounds of my cache"),
        KeyError("rope"),
        RuntimeError("dtype bfloat16 has no kernel here: call .float() first"),
        RuntimeError("index out of range in self"),
        ValueError("no positional argument is left"),
    ],
    ids=lambda error: f"{type(error).__name__}: {error}",
)
def test_its_own_words_are_all_that_is_said(error):
    with pytest.raises(BadArgument) as caught:
        gl.explain(gl.hooked(Own(raises(error))), TASK)
    said = str(caught.value)
    assert f"{type(error).__name__}: {error}" in said
    assert TOO_FEW not in said
    assert OTHER_INPUTS not in said


def test_another_axis_is_no_row_of_a_table():
    model = gl.hooked(Own(lambda module, tokens: module.embed(tokens)[:, :, 9]))
    with pytest.raises(BadArgument, match="IndexError: index 9 is out of bounds for dimension 2") as caught:
        gl.Snapshot(model, TASK).logits  # noqa: B018
    assert TOO_FEW not in str(caught.value)


@pytest.mark.parametrize(
    "forward",
    [lambda module, tokens: module.embed(tokens), lambda module, tokens: module.table[tokens]],
    ids=["an embedding", "a table"],
)
def test_a_token_without_a_row_is_guessed(forward):
    with pytest.raises(BadArgument, match=rf"{TOO_FEW} or positions \(index .*d_vocab=14 and n_ctx=3"):
        gl.Snapshot(gl.hooked(Own(forward, rows=13)), TASK).logits  # noqa: B018


def test_tokens_where_numbers_are_wanted_are_guessed():
    with pytest.raises(BadArgument, match=OTHER_INPUTS):
        gl.Snapshot(gl.hooked(nn.Linear(3, 13)), TASK).logits  # noqa: B018
