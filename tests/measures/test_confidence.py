"""Logit scale and softmax collapse, on logits that are made by hand."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import logit_scale, softmax_collapse

TASK = gl.TableTask([[0, 0], [0, 1], [1, 0], [1, 1]], labels=[0, 1, 1, 0], d_vocab_out=2)


def snapshot(logits, train=(0, 1, 2)):
    model = gl.MLP(d_mlp=4, d_embed=None).build(TASK, seed=0)
    whole = gl.Snapshot(model, TASK, train_index=torch.tensor(train))
    return gl.interventions.patch(whole, "logits", torch.as_tensor(logits))


def led(*gaps):
    """The right class ahead by these gaps."""
    return torch.tensor(
        [[gap, 0.0] if label == 0 else [0.0, gap] for gap, label in zip(gaps, [0, 1, 1, 0], strict=True)]
    )


def test_the_scale_is_a_root_mean_square():
    assert logit_scale(snapshot(led(2, 2, 2, 2))) == pytest.approx(1)
    assert logit_scale(snapshot(led(0, 0, 0, 0))) == 0
    assert logit_scale(
        snapshot(led(2, 2, 2, 2) + torch.tensor([[5.0], [0.0], [-3.0], [9.0]]))
    ) == pytest.approx(1)
    assert logit_scale(snapshot(10 * led(2, 1, 3, 0))) == pytest.approx(
        10 * logit_scale(snapshot(led(2, 1, 3, 0)))
    )


def test_collapse_begins_where_float32_ends():
    # 1 + e^−gap is 1 in float32 from 24 bits on: a gap of 16.6
    assert softmax_collapse(snapshot(led(16.0, 16.0, 16.0, 40.0))) == 0
    assert softmax_collapse(snapshot(led(17.0, 17.0, 17.0, 0.0))) == 1
    assert softmax_collapse(snapshot(led(17.0, 16.0, 17.0, 0.0))) == pytest.approx(2 / 3)
    assert softmax_collapse(snapshot(-led(40.0, 40.0, 40.0, 40.0))) == 0  # certain and wrong


def test_collapse_is_of_the_train_inputs():
    model = gl.MLP(d_mlp=4, d_embed=None).build(TASK, seed=0)
    with pytest.raises(BadArgument, match="split"):
        softmax_collapse(gl.Snapshot(model, TASK))
