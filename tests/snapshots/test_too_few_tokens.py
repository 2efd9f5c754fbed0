"""A model with embeddings of fewer tokens than its task has is told so, and how many to build it with."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument

TASK = gl.ModularArithmetic(7, "add")
SMALLER = gl.ModularArithmetic(5, "add")


class OwnFault(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, tokens):
        return [self.weight][1]


@pytest.mark.parametrize(
    "model",
    [
        lambda: gl.Transformer(d_model=8, d_mlp=8).build(SMALLER, 0),
        lambda: gl.hooked(
            torch.nn.Sequential(torch.nn.Embedding(6, 8), torch.nn.Flatten(), torch.nn.Linear(24, 7))
        ),
    ],
    ids=["transformer", "plain module"],
)
def test_tokens_beyond_its_own(model):
    snapshot = gl.Snapshot(model(), TASK)
    with pytest.raises(BadArgument, match=r"tokens up to 7.* fewer tokens .* d_vocab=8 and n_ctx=3"):
        _ = snapshot.logits


def test_another_index_that_is_out_of_range_is_the_models_own():
    with pytest.raises(BadArgument, match=r"IndexError: list index out of range\. Try it by hand"):
        _ = gl.Snapshot(gl.hooked(OwnFault()), TASK).logits
